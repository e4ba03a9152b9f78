//! Numbers: whole and exact while they fit, floating point otherwise.

/// Digits shown of a number that is not whole.
const SIGNIFICANT_DIGITS: usize = 12;
/// From here on a floating-point number is written with an exponent.
const PLAIN_MAX: f64 = 1e15;
/// Below this likewise.
const PLAIN_MIN: f64 = 1e-6;
/// Relative difference under which the shown digits count as the number itself.
const ROUNDING: f64 = 1e-14;

/// A value of an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Real(f64),
}

impl Number {
    pub(super) fn parse(literal: &str) -> Option<Self> {
        if let Ok(whole) = literal.parse() {
            return Some(Self::Whole(whole));
        }
        let real: f64 = literal.parse().ok()?;
        real.is_finite().then_some(Self::Real(real))
    }

    pub(super) fn real(self) -> f64 {
        match self {
            // There is no lossless conversion; the decimal detour rounds to the nearest.
            Self::Whole(whole) => whole.to_string().parse().unwrap_or(f64::NAN),
            Self::Real(real) => real,
        }
    }

    /// Turns a floating-point number without a fraction back into a whole one where it fits.
    pub(super) fn whole(real: f64) -> Self {
        format!("{real:.0}").parse().map_or(Self::Real(real), Self::Whole)
    }

    pub(super) fn is_zero(self) -> bool {
        match self {
            Self::Whole(whole) => whole == 0,
            Self::Real(real) => real == 0.0,
        }
    }

    /// Applies the exact operation to two whole numbers and the other one to all else, overflow
    /// included.
    pub(super) fn combine(
        self,
        other: Self,
        exact: impl Fn(i128, i128) -> Option<i128>,
        real: impl Fn(f64, f64) -> f64,
    ) -> Self {
        if let (Self::Whole(left), Self::Whole(right)) = (self, other)
            && let Some(result) = exact(left, right)
        {
            return Self::Whole(result);
        }
        Self::Real(real(self.real(), other.real()))
    }

    /// For the model: plain digits, with `about` where digits are missing.
    pub(super) fn show(self) -> String {
        let real = match self {
            Self::Whole(whole) => return whole.to_string(),
            Self::Real(real) => real,
        };
        let scientific = format!("{:.*e}", SIGNIFICANT_DIGITS - 1, real);
        let rounded: f64 = scientific.parse().unwrap_or(real);
        let magnitude = rounded.abs();
        let text = if rounded == 0.0 || (PLAIN_MIN..PLAIN_MAX).contains(&magnitude) {
            rounded.to_string()
        } else {
            format!("{rounded:e}")
        };
        let exact = (real - rounded).abs() <= ROUNDING * real.abs() && magnitude < PLAIN_MAX;
        if exact { text } else { format!("about {text}") }
    }
}
