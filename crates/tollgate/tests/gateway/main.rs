//! Drives the whole gateway over real sockets: the real server, the real engine, a real database,
//! simulators as providers. One binary, so that the program is linked once.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests, which should panic where something is not as expected"
)]

mod activity;
mod acts;
mod alerts;
mod allocations;
mod analytics;
mod approving;
mod backup;
mod bad_input;
mod batches;
mod beside_chat;
mod billing;
mod body_builder;
mod bounds;
mod breaking_off;
mod byok;
mod byok_fee;
mod caching;
mod catalogue;
mod contents;
mod continuity;
mod crashing;
mod dialects;
mod endpoint_history;
mod failover;
mod fusion;
mod going_back;
mod gone;
mod hanging_up;
mod health;
mod held;
mod home;
mod keys;
mod limits;
mod listening;
mod listing_for_clients;
mod logs;
mod model_limits;
mod money;
mod odd_answers;
mod operations;
mod organisation;
mod outages;
mod passing_through;
mod payments;
mod plans;
mod pointing;
mod policies;
mod postgres;
mod presets;
mod program;
mod provider_keys;
mod real_clients;
mod regions;
mod replaying;
mod retention;
mod routers;
mod routing;
mod served;
mod session;
mod settings;
mod several_models;
mod tiers;
mod timing;
mod topping_up;
mod transferring;
