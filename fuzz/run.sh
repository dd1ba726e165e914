#!/bin/sh
# Fuzzes every target for a while, keeps what is new in the corpus, and prints a table.
#
#   FUZZ_SECONDS   how long for each target; 60
#   FUZZ_TARGETS   which targets; all
#
# It ends with 1 when an input broke a law. The input is in fuzz/artifacts, and
# `target/fuzz/HOST/debug/TARGET INPUT` runs it again.
set -u
cd "$(dirname "$0")" || exit 1

seconds=${FUZZ_SECONDS:-60}
targets=${FUZZ_TARGETS:-sse event_stream adapters json requests relays operations}
work=$(cd .. && pwd)/target/fuzz
# The corpus of one target, in bytes: all of them together have less than 1 MiB.
corpus_max=170000
# How many inputs it may have: they are files of a repository.
inputs_max=300

needs() {
	missing=0
	command -v cargo >/dev/null 2>&1 || { echo "Rust is missing: see https://rustup.rs"; missing=1; }
	command -v "${CXX:-c++}" >/dev/null 2>&1 || {
		echo "A C++ compiler is missing, which libFuzzer is built with: install build-essential or set CXX"
		missing=1
	}
	case $seconds in '' | *[!0-9]* | 0) echo "FUZZ_SECONDS is a number of seconds"; missing=1 ;; esac
	for target in $targets; do
		[ -f "targets/$target.rs" ] || { echo "There is no target $target"; missing=1; }
	done
	[ $missing = 0 ] || exit 1
}

# Which dictionaries help a target.
words() {
	case $1 in
	sse) echo sse ;;
	event_stream) echo json answers frames ;;
	json | requests) echo json requests ;;
	operations) echo json requests answers operations ;;
	*) echo sse json answers ;;
	esac
}

# The number behind a word, at its last or its first place in a log.
last() { sed -n "s/.*$1 *\([0-9][0-9]*\).*/\1/p" "$2" | tail -n 1; }
first() { sed -n "s/.*$1 *\([0-9][0-9]*\).*/\1/p" "$2" | head -n 1; }

fuzz() {
	target=$1 log=$work/$1.log found=$work/found/$1
	rm -rf "$found"
	mkdir -p "$found" "$work/dictionaries" "corpus/$target" artifacts
	for name in $(words "$target"); do cat "dictionaries/$name.dict"; done >"$work/dictionaries/$target.dict"
	"$bin/$target" -max_total_time="$seconds" -max_len=16384 -timeout=60 -rss_limit_mb=2048 \
		-print_final_stats=1 -dict="$work/dictionaries/$target.dict" \
		-artifact_prefix="artifacts/$target-" \
		"$found" "corpus/$target" "$work/seeds/$target" >"$log" 2>&1
}

# Leaves in the corpus as few and as small inputs as reach what the seeds do not: those come again
# with every run. What is small has gone first, and the rest is left out where all is too much.
keep() {
	target=$1 kept=$work/kept/$1
	rm -rf "$kept"
	mkdir -p "$kept" "$work/seeds/$target"
	cp -r "$work/seeds/$target/." "$kept"
	"$bin/$target" -merge=1 -use_counters=0 -max_len=16384 -timeout=60 -rss_limit_mb=2048 \
		-artifact_prefix="artifacts/$target-" "$kept" \
		"corpus/$target" "$work/found/$target" >"$work/$target.merge.log" 2>&1 || return 1
	(cd "$work/seeds/$target" && find . -type f) | (cd "$kept" && xargs rm -f)
	(cd "$kept" && find . -type f -size +0 -exec wc -c {} + | sort -n |
		awk -v max=$corpus_max -v most=$inputs_max \
			'$2 != "total" { sum += $1; if (sum > max || ++inputs > most) print $2 }' | xargs rm -f)
	rm -rf "corpus/$target"
	mv "$kept" "corpus/$target"
}

row() { printf '%-13s %12s %10s %10s %10s %9s\n' "$@"; }

needs
cargo build --locked --bins --target-dir "$work" || exit 1
bin=$work/$(rustc -vV | sed -n 's/^host: //p')/debug
rm -rf "$work/seeds"
"$bin/seeds" "$work/seeds" || exit 1

failed=0
table=$work/table.txt
row target executions corpus coverage new crashes >"$table"
for target in $targets; do
	echo "Fuzzing $target for $seconds s"
	crashes=0
	fuzz "$target" || crashes=1
	log=$work/$target.log
	before=$(first 'INITED cov:' "$log")
	after=$(last 'cov:' "$log")
	if [ $crashes = 0 ]; then
		keep "$target" || { crashes=1; log=$work/$target.merge.log; }
	fi
	if [ $crashes != 0 ]; then
		failed=1
		grep -v -e '^#' -e DICTIONARY "$log" | tail -n 40
	fi
	row "$target" "$(last 'stat::number_of_executed_units:' "$work/$target.log")" \
		"$(find "corpus/$target" -type f | wc -l | tr -d ' ')" \
		"${after:-?}" "$((${after:-0} - ${before:-0}))" "$crashes" >>"$table"
done

echo
cat "$table"
size=$(find corpus -type f -exec cat {} + | wc -c)
echo
echo "The corpus has $((size / 1024)) KiB."
exit $failed
