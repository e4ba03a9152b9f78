//! CommonMark (with tables, strikethrough and task lists) into styled text.

use super::link;
use super::neutralise::neutralise;
use super::styled::{CodeStyle, Style, StyledText};
use super::table::Table;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::sync::Arc;

/// Nested lists are indented up to this depth, so that indentation never multiplies a hostile input.
const INDENTED_DEPTH_MAX: usize = 8;
const INDENT: &str = "  ";
const RULE: &str = "──────────";
const LANGUAGE_CHARACTERS_MAX: usize = 32;

/// Reads a reply. Linear in its length; the caller bounds the length.
pub(crate) fn read(source: &str) -> StyledText {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut reader = Reader::default();
    for event in Parser::new_ext(source, options) {
        reader.event(event);
    }
    reader.output
}

/// White space owed between two blocks, written only when something follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Gap {
    #[default]
    None,
    Line,
    Blank,
}

#[derive(Debug, Default)]
struct Reader {
    output: StyledText,
    gap: Gap,
    gap_in_quote: bool,
    marker: Option<String>,
    lists: Vec<Option<u64>>,
    bold: usize,
    italic: usize,
    strike: usize,
    quotes: usize,
    links: Vec<OpenLink>,
    code: Option<(Option<Arc<str>>, String)>,
    table: Option<Table>,
}

#[derive(Debug)]
struct OpenLink {
    /// Its own address, if it may be one.
    address: Option<Arc<str>>,
    /// Where text within it leads: the outermost address.
    leads_to: Option<Arc<str>>,
    /// Shown when it holds no text.
    shown: String,
    empty: bool,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::InlineHtml(text) => self.text(&text),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.inline_code(&text);
            }
            Event::Html(text) => {
                self.text(text.trim_end_matches(['\n', '\r']));
                self.owe(Gap::Line);
            }
            Event::FootnoteReference(name) => self.text(&format!("[{name}]")),
            Event::SoftBreak | Event::HardBreak => self.line_break(),
            Event::Rule => {
                self.text(RULE);
                self.owe(Gap::Blank);
            }
            Event::TaskListMarker(done) => {
                let sign = if done { "☑ " } else { "☐ " };
                self.marker = Some(format!("{}{sign}", self.indent()));
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } | Tag::Strong => self.bold += 1,
            Tag::Emphasis => self.italic += 1,
            Tag::Strikethrough => self.strike += 1,
            Tag::BlockQuote(_) => {
                if self.quotes == 0 {
                    self.gap_in_quote = false;
                }
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => self.code = Some((language(&kind), String::new())),
            Tag::List(first) => {
                if !self.lists.is_empty() {
                    self.flush_marker();
                    if self.gap == Gap::None {
                        self.gap_in_quote = self.quotes > 0;
                    }
                    self.gap = Gap::Line;
                }
                self.lists.push(first);
            }
            Tag::Item => self.start_item(),
            Tag::Link { dest_url, .. } => self.start_link(&dest_url, ""),
            Tag::Image { dest_url, .. } => self.start_link(&dest_url, "image"),
            Tag::Table(_) => self.table = Some(Table::default()),
            Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.start_row();
                }
            }
            Tag::Paragraph
            | Tag::HtmlBlock
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::TableHead
            | Tag::TableCell
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.bold = self.bold.saturating_sub(1);
                self.owe(Gap::Blank);
            }
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Strikethrough => self.strike = self.strike.saturating_sub(1),
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.owe(Gap::Blank),
            TagEnd::BlockQuote(_) => {
                self.quotes = self.quotes.saturating_sub(1);
                self.owe(Gap::Blank);
            }
            TagEnd::CodeBlock => self.end_code_block(),
            TagEnd::List(_) => {
                self.lists.pop();
                let gap = if self.lists.is_empty() { Gap::Blank } else { Gap::Line };
                self.owe(gap);
            }
            TagEnd::Item => {
                self.flush_marker();
                self.owe(Gap::Line);
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::Table => self.end_table(),
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.end_head();
                }
            }
            TagEnd::TableCell => {
                if let Some(table) = &mut self.table {
                    table.end_cell();
                }
            }
            TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::TableRow
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    fn style(&self) -> Style {
        let mut style = Style {
            quote: self.quotes > 0,
            link: self.links.last().and_then(|link| link.leads_to.clone()),
            ..Style::default()
        };
        style.emphasis.bold = self.bold > 0;
        style.emphasis.italic = self.italic > 0;
        style.emphasis.strike = self.strike > 0;
        style
    }

    fn text(&mut self, text: &str) {
        let text = neutralise(text);
        if text.is_empty() {
            return;
        }
        self.note_text();
        if let Some((_, code)) = &mut self.code {
            code.push_str(&text);
        } else if let Some(table) = &mut self.table {
            table.text(&text);
        } else {
            let style = self.style();
            self.show(&text, &style);
        }
    }

    fn inline_code(&mut self, text: &str) {
        // A link that is also code stays a link: losing the address would lose more.
        if self.table.is_some() || self.style().link.is_some() {
            self.text(text);
            return;
        }
        let text = neutralise(text);
        self.note_text();
        let style = Style { quote: self.quotes > 0, code: CodeStyle::Inline, ..Style::default() };
        self.show(&text, &style);
    }

    fn note_text(&mut self) {
        if let Some(link) = self.links.last_mut() {
            link.empty = false;
        }
    }

    fn line_break(&mut self) {
        if let Some(table) = &mut self.table {
            table.text(" ");
        } else if self.gap == Gap::None && self.marker.is_none() {
            let style = self.style();
            self.output.push("\n", &style);
        }
        // Else the block has shown nothing yet and there is no line to break.
    }

    /// Writes what is owed, then the text.
    fn show(&mut self, text: &str, style: &Style) {
        self.flush_marker();
        self.flush_gap();
        self.output.push(text, style);
    }

    fn owe(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
        self.gap_in_quote = self.quotes > 0;
    }

    fn flush_gap(&mut self) {
        let lines = match std::mem::take(&mut self.gap) {
            Gap::None => return,
            Gap::Line => "\n",
            Gap::Blank => "\n\n",
        };
        if !self.output.text().is_empty() {
            let style = Style { quote: self.gap_in_quote, ..Style::default() };
            self.output.push(lines, &style);
        }
    }

    fn flush_marker(&mut self) {
        if let Some(marker) = self.marker.take() {
            self.flush_gap();
            let style = Style { quote: self.quotes > 0, ..Style::default() };
            self.output.push(&marker, &style);
        }
    }

    fn indent(&self) -> String {
        let depth = self.lists.len().saturating_sub(1).min(INDENTED_DEPTH_MAX);
        INDENT.repeat(depth)
    }

    fn start_item(&mut self) {
        // An item that holds nothing but a list has not shown its own marker yet.
        self.flush_marker();
        let indent = self.indent();
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{indent}{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => format!("{indent}• "),
        };
        self.marker = Some(marker);
    }

    fn start_link(&mut self, address: &str, shown_if_empty: &str) {
        let shown =
            if shown_if_empty.is_empty() { address.to_owned() } else { shown_if_empty.to_owned() };
        let address = link::checked(address);
        let outer = self.style().link;
        self.links.push(OpenLink {
            leads_to: outer.or_else(|| address.clone()),
            address,
            shown,
            empty: true,
        });
    }

    fn end_link(&mut self) {
        if let Some(link) = self.links.last()
            && link.empty
        {
            let shown = link.shown.clone();
            self.text(&shown);
        }
        let closed = self.links.pop();
        self.note_text();
        if let (Some(table), Some(OpenLink { address, .. })) = (&mut self.table, closed)
            && let Some(address) = address
        {
            table.text(&format!(" ({address})"));
        }
    }

    fn end_code_block(&mut self) {
        let Some((language, code)) = self.code.take() else {
            return;
        };
        self.show_block(code.trim_end_matches('\n'), language);
    }

    fn end_table(&mut self) {
        if let Some(table) = self.table.take() {
            self.show_block(&table.lines(), None);
        }
    }

    /// A code block interrupts a quote: platforms do not nest the one in the other.
    fn show_block(&mut self, text: &str, language: Option<Arc<str>>) {
        if !text.trim().is_empty() {
            self.flush_marker();
            if !self.output.text().is_empty() {
                self.gap = self.gap.max(Gap::Line);
            }
            self.gap_in_quote = false;
            let style = Style { code: CodeStyle::Block(language), ..Style::default() };
            self.show(text, &style);
        }
        self.owe(Gap::Blank);
        self.gap_in_quote = false;
    }
}

fn language(kind: &CodeBlockKind<'_>) -> Option<Arc<str>> {
    let CodeBlockKind::Fenced(information) = kind else {
        return None;
    };
    let word = information.split([' ', ',', '\t']).next()?;
    let plain = (1..=LANGUAGE_CHARACTERS_MAX).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-#._".contains(&byte));
    plain.then(|| Arc::from(word))
}
