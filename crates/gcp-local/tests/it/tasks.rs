//! Cloud Tasks through `google-cloud-tasks-v2`.

mod bench;
mod calls;
mod delivery;
mod durability;
mod queues;
mod target;
