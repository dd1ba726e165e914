//! The suite that every backend passes, so that they are interchangeable.
//!
//! A case is an async function over [`Stores`](crate::Stores) that are empty and its own. It
//! panics when the backend differs from the contract. [`conformance_suite!`](crate::conformance_suite)
//! turns each into a test; a new case is a function here and a line in that macro.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a case fails by panicking, at the line that shows why"
)]

pub mod allotments;
pub mod batch_work;
pub mod batches;
pub mod contents;
pub mod credentials;
pub mod documents;
pub mod feedback;
pub mod generation_log;
pub mod generations;
pub mod history;
pub mod keys;
pub mod ledger;
pub mod lifecycle;
pub mod limit_counts;
pub mod months;
pub mod nodes;
pub mod policies;
pub mod presets;
pub mod sample;
pub mod usage;

/// Makes one `#[tokio::test]` of every case.
///
/// Takes the path of an `async fn()` that returns empty [`Stores`](crate::Stores), or anything
/// that dereferences to them, for instance together with the temporary folder they live in:
///
/// ```ignore
/// tollgate_store::conformance_suite!(fresh_stores);
/// ```
#[macro_export]
macro_rules! conformance_suite {
    ($fresh:path) => {
        $crate::conformance_cases! { $fresh, keys:
            an_inserted_key_reads_back_whole,
            a_taken_hash_is_a_conflict_and_changes_nothing,
            keys_list_newest_first_in_pages,
            listing_leaves_out_disabled_keys_and_other_workspaces,
            sessions_are_never_listed,
            a_patch_changes_what_it_names_and_nothing_else,
            a_patch_is_of_the_key_that_was_seen,
            an_empty_patch_changes_nothing,
            a_deleted_key_is_gone_and_its_spend_stays,
            a_rotated_key_keeps_everything_but_hash_and_label,
            a_secret_outlives_its_rotation_as_long_as_it_is_told_to,
            a_rotated_hash_leads_to_its_keys,
            keys_are_hashed_anew_with_the_first_pepper,
            a_pepper_that_leaves_a_key_out_is_not_kept,
            the_first_pepper_is_kept,
            rotation_to_a_taken_hash_is_a_conflict,
            rotation_of_an_unknown_key_is_none,
            spend_follows_every_rotation,
            a_secret_that_comes_back_counts_for_itself,
            the_revision_grows_with_every_change,
        }
        $crate::conformance_cases! { $fresh, generations:
            a_full_record_reads_back_whole,
            an_empty_record_reads_back_whole,
            unicode_and_extremes_read_back,
            a_known_id_changes_nothing,
            an_id_twice_in_one_batch_counts_once,
            a_large_batch_with_repeats_counts_each_id_once,
            an_empty_batch_is_fine,
            recent_pages_newest_first_without_gaps,
            concurrent_appends_of_the_same_ids_count_once,
            arms_are_added_up_by_experiment,
            old_records_go_and_their_money_stays,
            what_was_removed_is_never_counted_again,
        }
        $crate::conformance_cases! { $fresh, generation_log:
            a_page_shows_records_as_they_were,
            filters_find_what_they_ask_for,
            filters_agree_with_the_reference,
            pages_of_the_log_are_whole,
            pages_of_the_log_hold_still,
            a_histogram_counts_by_status,
            facets_count_values,
            what_is_too_much_is_sampled_and_says_so,
            faults_are_grouped,
        }
        $crate::conformance_cases! { $fresh, usage:
            a_key_that_never_spent_has_zeros,
            spend_is_counted_by_day_week_and_month,
            byok_spend_is_counted_apart,
            all_usage_agrees_with_each_keys,
            absurd_amounts_stay_at_the_end_of_the_range,
            activity_is_added_up_by_day_model_and_endpoint,
            activity_is_asked_for_by_days_keys_workspaces_and_tags,
            activity_is_added_up_by_hour_and_minute,
            activity_leaves_together_what_is_not_asked_for,
            activity_is_added_up_as_it_is_asked_for,
            old_hours_and_minutes_go_and_days_stay,
            spend_is_added_up_by_workspace,
        }
        $crate::conformance_cases! { $fresh, ledger:
            movements_read_back_whole_newest_first,
            a_known_movement_changes_nothing,
            movements_are_posted_all_or_none,
            what_does_not_fit_is_refused,
            transfers_are_seen_by_both_accounts,
            slices_are_cut_and_given_back,
            accounts_with_more_aside_than_is_left_are_found,
            leasing_twice_under_one_id_is_leasing_once,
            calls_are_paid_from_their_nodes_slice,
            calls_beyond_their_slice_overrun,
            calls_without_credit_are_metered,
            given_credit_is_spent_first_and_expires,
            what_is_set_aside_expires_when_it_comes_back,
            parallel_leases_never_exceed_the_balance,
            every_history_balances,
            what_has_gone_back_and_what_is_owed_may_overdraw,
            sums_beyond_any_amount_are_audited,
        }
        $crate::conformance_cases! { $fresh, months:
            a_balance_of_long_ago_is_counted,
            what_calls_of_a_month_cost_is_known_by_account,
        }
        $crate::conformance_cases! { $fresh, nodes:
            nodes_are_heard_in_order,
            what_a_silent_node_had_aside_is_taken_back,
            a_node_hears_what_was_taken_back_of_it,
            a_node_that_is_heard_again_keeps_its_slice,
        }
        $crate::conformance_cases! { $fresh, policies:
            versions_read_back_whole,
            versions_have_no_gaps_and_are_never_replaced,
            rules_list_newest_first,
        }
        $crate::conformance_cases! { $fresh, presets:
            a_saved_preset_reads_back_whole,
            a_saved_version_is_designated_and_keeps_what_was_set,
            a_known_version_changes_nothing,
            ids_of_other_presets_are_conflicts,
            a_slug_is_of_its_workspace,
            presets_list_newest_first_in_pages,
            versions_list_newest_first_in_pages,
            a_preset_changes_where_it_is_told_to,
            only_a_version_that_is_there_is_designated,
            a_deleted_preset_is_gone_with_its_versions,
            the_presets_revision_grows_with_every_change,
            concurrent_saves_are_all_versions,
        }
        $crate::conformance_cases! { $fresh, credentials:
            callers_keys_read_back_whole,
            a_callers_key_changes_where_it_is_told_to,
            a_callers_key_moves_among_those_of_its_provider,
            a_callers_key_follows_whom_it_is_for,
            a_deleted_callers_key_is_gone,
            the_callers_keys_revision_grows_with_every_change,
        }
        $crate::conformance_cases! { $fresh, feedback:
            feedback_reads_back_oldest_first,
            known_feedback_changes_nothing,
        }
        $crate::conformance_cases! { $fresh, contents:
            contents_read_back_and_the_first_stays,
            contents_are_gone_through_and_sealed_anew,
            old_contents_go_and_so_do_those_of_removed_records,
        }
        $crate::conformance_cases! { $fresh, batches:
            a_batch_reads_back_whole_and_the_first_stays,
            requests_are_received_until_a_batch_is_whole,
            batches_list_newest_first_in_pages,
            batches_are_listed_as_they_are_asked_for,
            a_batch_takes_the_steps_it_may_take,
            a_batch_fails_from_the_statuses_named,
            a_removed_batch_is_gone_with_its_requests,
            old_batches_go_oldest_first,
        }
        $crate::conformance_cases! { $fresh, batch_work:
            due_batches_are_claimed_oldest_first,
            a_lease_keeps_others_away_until_it_ends,
            a_lease_is_given_up_by_its_node,
            nodes_claim_different_batches,
            requests_tell_what_was_begun_for_them,
            requests_are_finished_once,
            outcomes_are_added_up,
            a_lost_lease_writes_nothing,
            results_read_back_in_order,
        }
        $crate::conformance_cases! { $fresh, documents:
            documents_read_back_whole,
            taken_ids_and_names_are_conflicts,
            only_what_was_seen_is_changed,
            known_documents_change_nothing,
            documents_change_together_or_not_at_all,
            documents_list_by_id_in_pages,
            one_of_many_inserts_a_name,
            one_of_many_replaces_a_revision,
            unreadable_documents_are_named,
        }
        $crate::conformance_cases! { $fresh, limit_counts:
            counts_read_back_and_replace_each_other,
            counts_of_windows_that_have_ended_are_forgotten,
            counts_of_other_nodes_are_added_up,
            who_tells_nothing_for_long_is_not_believed,
        }
        $crate::conformance_cases! { $fresh, history:
            outcomes_of_all_writers_are_added_up_once,
            every_outcome_reads_back_and_sums_are_held,
            outcomes_are_listed_by_time_and_endpoint,
            quarters_that_show_an_incident_are_listed,
            old_quarters_go_oldest_first,
            writers_at_the_same_time_lose_nothing,
        }
        $crate::conformance_cases! { $fresh, lifecycle:
            an_open_store_answers_a_ping,
            a_closed_store_says_so,
        }
    };
}

/// Makes one `#[tokio::test]` of every case of a backend that several nodes share. Takes what
/// [`conformance_suite!`](crate::conformance_suite) takes.
#[macro_export]
macro_rules! sharing_suite {
    ($fresh:path) => {
        $crate::conformance_cases! { $fresh, allotments:
            an_allotment_is_cut_of_what_is_left,
            what_is_on_record_and_what_nodes_have_never_exceed_a_cap,
            the_smallest_cap_holds,
            what_a_node_has_less_others_may_have,
            a_node_that_is_gone_has_nothing,
            windows_and_workspaces_have_their_own_caps,
            parallel_nodes_are_allotted_no_more_than_there_is,
        }
    };
}

/// Makes the tests of one module of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($fresh:path, $noun:ident: $($case:ident,)+) => {
        $(
            #[tokio::test]
            async fn $case() {
                let stores = $fresh().await;
                $crate::conformance::$noun::$case(&stores).await;
            }
        )+
    };
}
