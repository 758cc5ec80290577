#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
//! Statements against real PostgreSQL: what they do when several do it at once, and how they are planned.

mod abandoned;
mod audit;
mod errands;
mod errors;
mod leases;
mod migrations;
mod outbox_numbers;
mod outbox_order;
mod plans;
mod plans_of_people;
mod render_writes;
mod shop_lists;
mod shop_plans;
mod support;
mod tombstones;
mod views;
mod wallets;
mod whole_pages;
