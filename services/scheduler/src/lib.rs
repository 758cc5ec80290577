#![doc = include_str!("../README.md")]

pub mod config;
mod gauges;
pub mod jobs;
mod prepare;
mod run;
pub mod server;
mod timetable;

pub use config::Config;
pub use jobs::Job;
pub use prepare::prepare;
pub use server::{Scheduler, StartError};
