//! What every implementation of a port owes its callers, as functions over the port.

pub(crate) mod job_queue;
pub(crate) mod object_store;

pub(crate) use avvivo_ports::contract::{event_bus, fresh};
