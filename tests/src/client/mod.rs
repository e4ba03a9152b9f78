//! A client of our own surfaces: REST with server-sent events, and the chat socket. Independent of
//! the server's code, so that a change of the wire is noticed here.

mod api;
mod events;
mod socket;

pub use api::{Accepted, Api, NewMessage};
pub use events::ApiEvent;
pub use socket::Socket;
