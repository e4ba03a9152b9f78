//! Who a request comes from: API keys, the chat page's sign-in cookie, web origins, and the brake
//! on guessing.
//!
//! What a caller may do comes from the store only; nothing a client declares about itself counts.
//! What does not belong here: storing or making keys (that is the control plane's business).

mod access;
mod caller;
mod cookie;
mod origin;
mod origin_index;
mod peer;
mod sign_in;
mod throttle;

#[cfg(test)]
mod tests;

pub(crate) use access::Access;
pub(crate) use caller::Caller;
pub(crate) use cookie::{expired_cookie, sign_in_cookie, sign_in_of};
pub(crate) use origin::{Origin, agent_allows, origin_of};
pub(crate) use origin_index::OriginIndex;
pub(crate) use peer::Peer;
pub(crate) use sign_in::{SignIn, SignIns};
pub(crate) use throttle::Throttle;
