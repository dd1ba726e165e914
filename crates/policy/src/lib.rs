//! Policies: what an operator decides for calls before routing does. No I/O, no clock.
//!
//! A [`Policy`] is made once of [`RuleForm`]s, as they stand in the configuration file or come over
//! the management API; every mistake is told at once, as [`Problem`]s. [`Policy::decide`] takes the
//! [`Facts`] of one call and returns a [`Decision`]: other models, restrictions that no request
//! relaxes, defaults that it may, an arm of an experiment, a [`Cascade`] or a [`Consensus`]. The same
//! facts always have the same decision, so that it can be explained and made again later.
//!
//! # Invariants
//!
//! - Everything that an operator writes is bounded: rules, depth, lengths, the size of regexes.
//! - What a caller writes is looked at within a bound ([`TEXT_BYTES_MAX`]), in linear time, and only
//!   when a rule asks for it.
//! - A restriction of a rule that matches is always in the decision.
//!
//! # What is deliberately absent
//!
//! No scripting: predicates are a list ([`PREDICATES`]), and so are actions ([`ACTIONS`]). No
//! knowledge of which models there are; [`Policy::mentions`] tells which are named.

mod action;
mod call;
mod cascade;
mod consensus;
mod decision;
mod defaults;
pub mod detect;
mod facts;
mod form;
mod hash;
mod pattern;
mod policy;
mod predicate;
mod problem;
mod reader;
mod rule;
mod split;

pub use action::ACTIONS;
pub use call::TEXT_BYTES_MAX;
pub use cascade::{Cascade, Judged};
pub use consensus::{Consensus, Verdict};
pub use decision::{Applied, Arm, Decision, Denied, Strategy};
pub use defaults::Defaults;
pub use facts::Facts;
pub use form::RuleForm;
pub use policy::{Mention, Policy, RULES_MAX};
pub use predicate::PREDICATES;
pub use problem::Problem;
pub use rule::Rule;
pub use tollgate_routing::Restriction;
