//! The parser.

use serde_json::{Value, json};

/// The longest message, in UTF-16 units after entity parsing.
pub(in crate::fake::telegram) const MESSAGE_UNITS_MAX: usize = 4096;

const RESERVED: &[u8] = b"_*[]()~`>#+-=|{}.!";

/// A formatted range of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// `bold`, `pre`, `text_link`, …
    pub kind: &'static str,
    /// First unit.
    pub offset: usize,
    /// Length in units.
    pub length: usize,
    /// The URL of a `text_link`, the language of a `pre`.
    pub argument: Option<String>,
}

impl Entity {
    pub(in crate::fake::telegram) fn json(&self) -> Value {
        let mut entity = json!({ "type": self.kind, "offset": self.offset, "length": self.length });
        let key = if self.kind == "pre" { "language" } else { "url" };
        if let (Some(argument), Some(object)) = (&self.argument, entity.as_object_mut()) {
            object.insert(key.to_owned(), json!(argument));
        }
        entity
    }
}

/// Why a text is refused; prints as the vendor words it, without the common prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkdownError {
    /// A reserved character stands unescaped.
    Reserved(char),
    /// An entity is not closed.
    Unclosed {
        /// As the vendor calls it.
        entity: &'static str,
        /// Where it began.
        byte: usize,
    },
    /// A link's URL is not closed.
    UnclosedUrl {
        /// Where the URL began.
        byte: usize,
    },
}

impl std::fmt::Display for MarkdownError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reserved(character) => write!(
                formatter,
                "Character '{character}' is reserved and must be escaped with the preceding '\\'"
            ),
            Self::Unclosed { entity, byte } => {
                write!(formatter, "Can't find end of {entity} entity at byte offset {byte}")
            }
            Self::UnclosedUrl { byte } => {
                write!(formatter, "Can't find end of a URL at byte offset {byte}")
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Bold,
    Italic,
    Underline,
    Strike,
    Spoiler,
    Code,
    Pre,
    Link,
    CustomEmoji,
}

impl Mark {
    const fn vendor_name(self) -> &'static str {
        match self {
            Self::Bold => "Bold",
            Self::Italic => "Italic",
            Self::Underline => "Underline",
            Self::Strike => "Strikethrough",
            Self::Spoiler => "Spoiler",
            Self::Code => "Code",
            Self::Pre => "Pre",
            Self::Link => "TextUrl",
            Self::CustomEmoji => "CustomEmoji",
        }
    }

    const fn entity_kind(self) -> &'static str {
        match self {
            Self::Bold => "bold",
            Self::Italic => "italic",
            Self::Underline => "underline",
            Self::Strike => "strikethrough",
            Self::Spoiler => "spoiler",
            Self::Code => "code",
            Self::Pre => "pre",
            Self::Link => "text_link",
            Self::CustomEmoji => "custom_emoji",
        }
    }

    const fn closing(self) -> &'static [u8] {
        match self {
            Self::Bold => b"*",
            Self::Italic => b"_",
            Self::Underline => b"__",
            Self::Strike => b"~",
            Self::Spoiler => b"||",
            Self::Code => b"`",
            Self::Pre => b"```",
            Self::Link | Self::CustomEmoji => b"]",
        }
    }

    const fn is_verbatim(self) -> bool {
        matches!(self, Self::Code | Self::Pre)
    }
}

#[derive(Debug)]
struct Open {
    mark: Mark,
    byte: usize,
    unit: usize,
    argument: Option<String>,
}

#[derive(Debug)]
struct Parser<'a> {
    input: &'a [u8],
    at: usize,
    text: Vec<u8>,
    units: usize,
    open: Vec<Open>,
    entities: Vec<Entity>,
    quote_from: Option<usize>,
    line_start: bool,
}

/// Reads a `MarkdownV2` text: what people see, and its formatting.
pub fn parse_markdown(input: &str) -> Result<(String, Vec<Entity>), MarkdownError> {
    let mut parser = Parser {
        input: input.as_bytes(),
        at: 0,
        text: Vec::with_capacity(input.len()),
        units: 0,
        open: Vec::new(),
        entities: Vec::new(),
        quote_from: None,
        line_start: true,
    };
    while parser.at < parser.input.len() {
        parser.step()?;
    }
    parser.end_quote();
    if let Some(open) = parser.open.last() {
        return Err(MarkdownError::Unclosed { entity: open.mark.vendor_name(), byte: open.byte });
    }
    parser.entities.sort_by_key(|entity| (entity.offset, usize::MAX - entity.length));
    Ok((String::from_utf8_lossy(&parser.text).into_owned(), parser.entities))
}

impl Parser<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.input.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn ahead_is(&self, token: &[u8]) -> bool {
        self.input.get(self.at..).is_some_and(|rest| rest.starts_with(token))
    }

    /// Takes one byte of visible text. Only the first byte of a character counts units.
    fn push(&mut self, byte: u8) {
        if byte & 0xc0 != 0x80 {
            self.units += if byte >= 0xf0 { 2 } else { 1 };
        }
        self.text.push(byte);
        self.at += 1;
        self.line_start = byte == b'\n';
    }

    fn step(&mut self) -> Result<(), MarkdownError> {
        let byte = self.peek(0);
        let next = self.peek(1);
        if byte == b'\\' && (1..=126).contains(&next) {
            self.at += 1;
            self.push(next);
            return Ok(());
        }
        let innermost = self.open.last().map(|open| open.mark);
        if innermost.is_some_and(Mark::is_verbatim) && byte != b'`' {
            self.push(byte);
            return Ok(());
        }
        if byte == b'\n' {
            self.push(byte);
            if self.quote_from.is_some() && self.peek(0) != b'>' {
                self.end_quote();
            }
            return Ok(());
        }
        if !RESERVED.contains(&byte) {
            self.push(byte);
            return Ok(());
        }
        if let Some(mark) = innermost.filter(|mark| self.closes(*mark)) {
            return self.close(mark);
        }
        self.begin(byte)
    }

    /// Inside an italic text `__` is an underline, so a single `_` closes only when it stands alone.
    fn closes(&self, mark: Mark) -> bool {
        match mark {
            Mark::Italic => self.peek(0) == b'_' && self.peek(1) != b'_',
            other => self.ahead_is(other.closing()),
        }
    }

    fn begin(&mut self, byte: u8) -> Result<(), MarkdownError> {
        let start = self.at;
        let reserved = MarkdownError::Reserved(char::from(byte));
        let (mark, width) = match byte {
            b'_' if self.peek(1) == b'_' => (Mark::Underline, 2),
            b'_' => (Mark::Italic, 1),
            b'*' => (Mark::Bold, 1),
            b'~' => (Mark::Strike, 1),
            b'|' if self.peek(1) == b'|' => (Mark::Spoiler, 2),
            b'[' => (Mark::Link, 1),
            b'!' if self.peek(1) == b'[' => (Mark::CustomEmoji, 2),
            b'`' if self.ahead_is(b"```") => (Mark::Pre, 3),
            b'`' => (Mark::Code, 1),
            b'>' if self.line_start && self.open.is_empty() => {
                self.at += 1;
                self.quote_from.get_or_insert(self.units);
                self.line_start = false;
                return Ok(());
            }
            _ => return Err(reserved),
        };
        self.at += width;
        let argument = if mark == Mark::Pre { self.language() } else { None };
        self.open.push(Open { mark, byte: start, unit: self.units, argument });
        self.line_start = false;
        Ok(())
    }

    /// The language behind an opening fence, and the line break that belongs to the fence.
    fn language(&mut self) -> Option<String> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || *byte == b'`')
            .unwrap_or(rest.len());
        let named = length > 0 && rest.get(length).is_some_and(|byte| *byte != b'`');
        let language = named
            .then(|| rest.get(..length))
            .flatten()
            .map(|name| String::from_utf8_lossy(name).into_owned());
        if named {
            self.at += length;
        }
        if self.peek(0) == b'\n' {
            self.at += 1;
        }
        language
    }

    fn close(&mut self, mark: Mark) -> Result<(), MarkdownError> {
        self.at += mark.closing().len();
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let argument = match mark {
            Mark::Link | Mark::CustomEmoji => self.url()?,
            _ => open.argument,
        };
        let length = self.units - open.unit;
        let linked = mark != Mark::Link || argument.is_some();
        if length > 0 && linked {
            self.entities.push(Entity {
                kind: mark.entity_kind(),
                offset: open.unit,
                length,
                argument,
            });
        }
        self.line_start = false;
        Ok(())
    }

    fn url(&mut self) -> Result<Option<String>, MarkdownError> {
        if self.peek(0) != b'(' {
            return Ok(None);
        }
        self.at += 1;
        let start = self.at;
        let mut url = Vec::new();
        loop {
            match (self.peek(0), self.peek(1)) {
                _ if self.at >= self.input.len() => {
                    return Err(MarkdownError::UnclosedUrl { byte: start });
                }
                (b')', _) => break,
                (b'\\', next) if (1..=126).contains(&next) => {
                    url.push(next);
                    self.at += 2;
                }
                (byte, _) => {
                    url.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Ok(Some(String::from_utf8_lossy(&url).into_owned()))
    }

    fn end_quote(&mut self) {
        if let Some(from) = self.quote_from.take() {
            let length = self.units - from;
            self.entities.push(Entity { kind: "blockquote", offset: from, length, argument: None });
        }
    }
}

/// The length of a text as the vendor counts it.
pub(in crate::fake::telegram) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
