//! The programs that the tests start, each with the Debian package that brings it.

/// What a program is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `make test` and `make ci`.
    Tests,
    /// `make counterparts`: other people's clients against our fakes and our API.
    Counterparts,
}

/// How to see whether a program is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It is on the search path.
    Command(&'static str),
    /// It is on the search path, or in a folder `<parent>/<version>/bin`, where Debian keeps what
    /// it allows several versions of.
    Versioned {
        /// The program.
        command: &'static str,
        /// The folder of all versions.
        parent: &'static str,
    },
    /// `python3` can import it.
    PythonModule(&'static str),
}

/// One program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// What for.
    pub purpose: Purpose,
    /// How to see it.
    pub sign: Sign,
    /// Where it comes from.
    pub package: &'static str,
    /// What it does for us.
    pub reason: &'static str,
}

/// Everything.
pub const NEEDS: &[Need] = &[
    Need {
        purpose: Purpose::Tests,
        sign: Sign::Versioned { command: "postgres", parent: "/usr/lib/postgresql" },
        package: "postgresql",
        reason: "the store and system tests start private servers",
    },
    Need {
        purpose: Purpose::Tests,
        sign: Sign::Command("setpriv"),
        package: "util-linux",
        reason: "PostgreSQL refuses to run as root",
    },
    Need {
        purpose: Purpose::Tests,
        sign: Sign::Command("sqlite3"),
        package: "sqlite3",
        reason: "the system tests look into the embedded database from outside",
    },
    Need {
        purpose: Purpose::Counterparts,
        sign: Sign::Command("node"),
        package: "nodejs",
        reason: "grammY, the OpenAI SDK and aimock",
    },
    Need {
        purpose: Purpose::Counterparts,
        sign: Sign::Command("npm"),
        package: "npm",
        reason: "installs them",
    },
    Need {
        purpose: Purpose::Counterparts,
        sign: Sign::PythonModule("venv"),
        package: "python3-venv",
        reason: "python-telegram-bot and the Python SDKs",
    },
    Need {
        purpose: Purpose::Counterparts,
        sign: Sign::PythonModule("ensurepip"),
        package: "python3-venv",
        reason: "installs them",
    },
];
