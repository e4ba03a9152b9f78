//! The commands a person can type, on every channel.

/// A command of the fast path: it bypasses the queue and the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChatCommand {
    /// Greets.
    Start,
    /// Lists the commands.
    Help,
    /// Begins a fresh context.
    New,
    /// The same, by its other name.
    Reset,
    /// Stops the running turn.
    Stop,
    /// Shows what was used today.
    Usage,
    /// Says what is stored.
    Privacy,
}

impl ChatCommand {
    /// Every command, in the order in which they are shown.
    pub const ALL: [Self; 7] =
        [Self::Start, Self::Help, Self::New, Self::Reset, Self::Stop, Self::Usage, Self::Privacy];

    /// Without the slash.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Help => "help",
            Self::New => "new",
            Self::Reset => "reset",
            Self::Stop => "stop",
            Self::Usage => "usage",
            Self::Privacy => "privacy",
        }
    }

    /// One line, as platforms show it beside the name.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Start => "What I can do",
            Self::Help => "The commands",
            Self::New => "Start a fresh conversation",
            Self::Reset => "Same as /new",
            Self::Stop => "Stop the current answer",
            Self::Usage => "What was used today",
            Self::Privacy => "What is stored about you",
        }
    }

    /// By its name, without the slash.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name() == name)
    }
}

/// Splits `/name@bot arguments` into a lower-case name, the addressed bot and the rest.
pub fn split_command(text: &str) -> Option<(String, Option<&str>, &str)> {
    let rest = text.strip_prefix('/')?;
    let (word, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (name, bot) = match word.split_once('@') {
        Some((name, bot)) => (name, Some(bot)),
        None => (word, None),
    };
    let plain = !name.is_empty()
        && name.len() <= 32
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain.then(|| (name.to_ascii_lowercase(), bot, arguments.trim()))
}

#[cfg(test)]
mod tests {
    use super::{ChatCommand, split_command};

    #[test]
    fn a_command_is_split_into_name_bot_and_rest() {
        assert_eq!(split_command("/Help"), Some(("help".to_owned(), None, "")));
        assert_eq!(
            split_command("/new@rookery_bot  now please "),
            Some(("new".to_owned(), Some("rookery_bot"), "now please"))
        );
        assert_eq!(split_command("/"), None);
        assert_eq!(split_command("/etc/passwd"), None);
        assert_eq!(split_command("hello /help"), None);
    }

    #[test]
    fn every_command_is_found_by_its_name() {
        for command in ChatCommand::ALL {
            assert_eq!(ChatCommand::parse(command.name()), Some(command));
        }
    }
}
