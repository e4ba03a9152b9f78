//! SPDX licence expressions, as far as package manifests write them: names, `WITH`, `AND`, `OR`,
//! parentheses, and the old `/` for `OR`.

/// Nested parentheses that are followed; real expressions have one or two.
const DEPTH_MAX: usize = 16;

/// Whether an expression can be satisfied with licences that `is_allowed` accepts. `None` if it
/// cannot be read.
pub fn is_satisfied(expression: &str, is_allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let tokens = tokens(expression);
    let mut parser = Parser { tokens: &tokens, is_allowed, depth: 0 };
    let satisfied = parser.alternatives()?;
    parser.tokens.is_empty().then_some(satisfied)
}

fn tokens(expression: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(expression.len());
    for character in expression.chars() {
        match character {
            '(' | ')' => {
                spaced.push(' ');
                spaced.push(character);
                spaced.push(' ');
            }
            '/' => spaced.push_str(" OR "),
            _ => spaced.push(character),
        }
    }
    spaced.split_whitespace().map(ToOwned::to_owned).collect()
}

struct Parser<'a> {
    tokens: &'a [String],
    is_allowed: &'a dyn Fn(&str) -> bool,
    depth: usize,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Option<bool> {
        let mut satisfied = self.conjunction()?;
        while self.take("OR") {
            satisfied |= self.conjunction()?;
        }
        Some(satisfied)
    }

    fn conjunction(&mut self) -> Option<bool> {
        let mut satisfied = self.term()?;
        while self.take("AND") {
            satisfied &= self.term()?;
        }
        Some(satisfied)
    }

    fn term(&mut self) -> Option<bool> {
        if !self.take("(") {
            return self.license();
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let satisfied = self.alternatives()?;
        self.depth -= 1;
        self.take(")").then_some(satisfied)
    }

    fn license(&mut self) -> Option<bool> {
        let name = self.name()?;
        if self.take("WITH") {
            let exception = self.name()?;
            return Some((self.is_allowed)(&format!("{name} WITH {exception}")));
        }
        Some((self.is_allowed)(&name))
    }

    fn name(&mut self) -> Option<String> {
        let (first, rest) = self.tokens.split_first()?;
        if ["AND", "OR", "WITH", "(", ")"].contains(&first.as_str()) {
            return None;
        }
        self.tokens = rest;
        Some(first.clone())
    }

    fn take(&mut self, token: &str) -> bool {
        match self.tokens.split_first() {
            Some((first, rest)) if first == token => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }
}
