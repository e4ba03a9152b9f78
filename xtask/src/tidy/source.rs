//! Tells code, strings and comments of a Rust file apart, line by line, and finds its tests and
//! functions. A scanner, not a parser: it is as exact as the rules above it need.

/// One line in three layers; what belongs to another layer is blank.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Code without string contents and comments.
    pub code: String,
    /// Contents of string and character literals.
    pub strings: String,
    /// Comments, doc comments included.
    pub comments: String,
    /// Inside a module that is compiled for tests only.
    pub is_test: bool,
}

/// A function with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its first line, from 1.
    pub line: usize,
    /// Its lines that hold code, signature and closing brace included.
    pub lines: usize,
}

/// A scanned Rust file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Its lines in order.
    pub lines: Vec<Line>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Code,
    LineComment,
    BlockComment { depth: usize },
    Text { hashes: Option<usize> },
}

#[derive(Debug, Clone, Copy)]
enum Layer {
    Code,
    Strings,
    Comments,
}

impl Source {
    /// Scans a file.
    pub fn scan(text: &str) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let mut scanner = Scanner {
            rest: &characters,
            lines: vec![Line::default()],
            state: State::Code,
            previous: ' ',
        };
        scanner.run();
        let mut source = Self { lines: scanner.lines };
        source.mark_tests();
        source
    }

    /// Lines that are not test code and hold anything.
    pub fn product_lines(&self) -> usize {
        let is_product = |line: &&Line| !line.is_test && !line.is_blank();
        self.lines.iter().filter(is_product).count()
    }

    /// Functions outside of tests, in order of their end.
    pub fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        let mut open: Vec<(Function, usize)> = Vec::new();
        let mut announced: Option<Function> = None;
        let mut depth = 0_usize;
        for (index, line) in self.lines.iter().enumerate() {
            let holds_code = !line.code.trim().is_empty() || !line.strings.trim().is_empty();
            if let Some(name) = function_name(&line.code).filter(|_| !line.is_test) {
                announced = Some(Function { name, line: index + 1, lines: 0 });
            }
            for function in open.iter_mut().map(|(function, _)| function) {
                function.lines += usize::from(holds_code);
            }
            if let Some(function) = &mut announced {
                function.lines += usize::from(holds_code);
            }
            for character in line.code.chars() {
                match character {
                    ';' if depth_is_outside(&open, depth) => announced = None,
                    '{' => {
                        depth += 1;
                        open.extend(announced.take().map(|function| (function, depth)));
                    }
                    '}' => {
                        let ended = open.pop_if(|(_, opened_at)| *opened_at == depth);
                        found.extend(ended.map(|(function, _)| function));
                        depth = depth.saturating_sub(1);
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// Marks the lines of `#[cfg(test)] mod … { … }`.
    fn mark_tests(&mut self) {
        let mut modules = TestModules::default();
        for line in &mut self.lines {
            line.is_test = modules.pass_line(&line.code);
        }
    }
}

/// Where modules that are compiled for tests only begin and end.
#[derive(Default)]
struct TestModules {
    announced: bool,
    depth: usize,
    opened_at: Option<usize>,
}

impl TestModules {
    /// Passes a line of code, and returns whether it belongs to tests.
    fn pass_line(&mut self, code: &str) -> bool {
        self.announced |= code.replace(' ', "").contains("#[cfg(test)]");
        let is_test = self.announced || self.opened_at.is_some();
        for character in code.chars() {
            self.pass(character);
        }
        is_test
    }

    fn pass(&mut self, character: char) {
        match character {
            '{' => {
                self.depth += 1;
                if self.announced {
                    self.opened_at.get_or_insert(self.depth);
                }
                self.announced = false;
            }
            '}' => {
                self.opened_at = self.opened_at.filter(|opened_at| *opened_at != self.depth);
                self.depth = self.depth.saturating_sub(1);
            }
            ';' => self.announced = false,
            _ => {}
        }
    }
}

/// A semicolon outside of every open function ends a declaration without a body, as in a trait.
fn depth_is_outside(open: &[(Function, usize)], depth: usize) -> bool {
    open.last().is_none_or(|(_, opened_at)| *opened_at > depth) || open.is_empty()
}

fn function_name(code: &str) -> Option<String> {
    let mut words = code.split(|character: char| {
        !(character.is_alphanumeric() || character == '_' || character == '#')
    });
    words.find(|word| *word == "fn")?;
    words.find(|word| !word.is_empty()).map(ToOwned::to_owned)
}

impl Line {
    /// Whether it holds nothing at all.
    pub fn is_blank(&self) -> bool {
        [&self.code, &self.strings, &self.comments].iter().all(|layer| layer.trim().is_empty())
    }
}

struct Scanner<'a> {
    rest: &'a [char],
    lines: Vec<Line>,
    state: State,
    /// The last character of code, to tell `r"` from the end of a name.
    previous: char,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(&character) = self.rest.first() {
            match self.state {
                State::Code => self.code(character),
                State::LineComment if character == '\n' => {
                    self.take(1, Layer::Comments);
                    self.state = State::Code;
                }
                State::LineComment => self.take(1, Layer::Comments),
                State::BlockComment { depth } => self.block_comment(depth),
                State::Text { hashes } => self.text(character, hashes),
            }
        }
    }

    fn code(&mut self, character: char) {
        if self.starts_with("//") {
            self.state = State::LineComment;
            self.take(2, Layer::Comments);
        } else if self.starts_with("/*") {
            self.state = State::BlockComment { depth: 1 };
            self.take(2, Layer::Comments);
        } else if character == '"' {
            self.state = State::Text { hashes: None };
            self.take(1, Layer::Strings);
        } else if let Some(hashes) = self.raw_string() {
            self.state = State::Text { hashes: Some(hashes) };
            self.take(hashes + 2, Layer::Strings);
        } else if let Some(length) = self.character_literal() {
            self.take(length, Layer::Strings);
        } else {
            self.previous = character;
            self.take(1, Layer::Code);
        }
    }

    fn block_comment(&mut self, depth: usize) {
        if self.starts_with("/*") {
            self.state = State::BlockComment { depth: depth + 1 };
            self.take(2, Layer::Comments);
        } else if self.starts_with("*/") {
            self.take(2, Layer::Comments);
            self.state = match depth {
                0 | 1 => State::Code,
                _ => State::BlockComment { depth: depth - 1 },
            };
        } else {
            self.take(1, Layer::Comments);
        }
    }

    fn text(&mut self, character: char, hashes: Option<usize>) {
        match hashes {
            None if character == '\\' => self.take(2, Layer::Strings),
            None if character == '"' => self.end_text(1),
            Some(count) if character == '"' && self.count_hashes(1) >= count => {
                self.end_text(count + 1);
            }
            _ => self.take(1, Layer::Strings),
        }
    }

    fn end_text(&mut self, length: usize) {
        self.take(length, Layer::Strings);
        self.state = State::Code;
        self.previous = ' ';
    }

    /// The hashes of a raw string that starts here. The `b` or `c` before it counts as code.
    fn raw_string(&self) -> Option<usize> {
        let starts_here = self.rest.first() == Some(&'r');
        let continues_a_name = self.previous.is_alphanumeric()
            && !['b', 'c'].contains(&self.previous)
            || self.previous == '_';
        if !starts_here || continues_a_name {
            return None;
        }
        let hashes = self.count_hashes(1);
        (self.rest.get(hashes + 1) == Some(&'"')).then_some(hashes)
    }

    fn count_hashes(&self, from: usize) -> usize {
        let rest = self.rest.get(from..).unwrap_or_default();
        rest.iter().take_while(|character| **character == '#').count()
    }

    /// The length of a character literal that starts here; `None` for a lifetime.
    fn character_literal(&self) -> Option<usize> {
        match self.rest {
            ['\'', '\\', _, rest @ ..] => {
                let to_end = rest.iter().position(|character| *character == '\'')?;
                Some(to_end + 4)
            }
            ['\'', _, '\'', ..] => Some(3),
            _ => None,
        }
    }

    fn starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(index, character)| self.rest.get(index) == Some(&character))
    }

    fn take(&mut self, count: usize, layer: Layer) {
        let count = count.min(self.rest.len());
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        for character in taken {
            self.push(*character, layer);
        }
    }

    fn push(&mut self, character: char, layer: Layer) {
        if character == '\n' {
            self.lines.push(Line::default());
            return;
        }
        let Some(line) = self.lines.last_mut() else {
            return;
        };
        let (code, string, comment) = match layer {
            Layer::Code => (character, ' ', ' '),
            Layer::Strings => (' ', character, ' '),
            Layer::Comments => (' ', ' ', character),
        };
        line.code.push(code);
        line.strings.push(string);
        line.comments.push(comment);
    }
}
