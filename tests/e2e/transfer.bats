#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# coffer-transfer, asked directly: pulls from a real registry and from one that lies, imports of archives.

bats_require_minimum_version 1.5.0
load lib/image
load lib/registry

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	export HOME=$BATS_FILE_TMPDIR/home
	mkdir "$HOME"
	export LAYOUT=$BATS_FILE_TMPDIR/layout
	image_make "$LAYOUT" four
	registry_start "$BATS_FILE_TMPDIR/registry"
	registry_push "$LAYOUT:four" four:oci oci
	registry_push "$LAYOUT:four" four:docker v2s2
	lying_start "$BATS_FILE_TMPDIR/liar" "$LAYOUT" four
	export REGISTRY REGISTRY_PID LIAR LIAR_PID registry_dir lying_dir
}

teardown_file() {
	registry_stop
	lying_stop
}

setup() {
	transfer=$COFFER_BIN/coffer-transfer
	store=$BATS_TEST_TMPDIR/store
	answers=$BATS_TEST_TMPDIR/answers
	cd "$BATS_TEST_TMPDIR" || return
}

# --- Words of the tests -------------------------------------------------------------------------------------------

# request REFERENCE [MEMBER=JSON...]
request() {
	local reference=$1 member filter='{command: "pull", reference: $reference, platform: "linux/amd64"}'
	shift
	for member; do
		filter+=" + {${member%%=*}: ${member#*=}}"
	done
	jq -nc --arg reference "$reference" "$filter"
}

# pull REFERENCE [MEMBER=JSON...]: its answers are in $answers, the last of them in $output
pull() {
	request "$@" >request.json
	run --separate-stderr "$transfer" "$store" <request.json
	take_answers
}

# What `run` has got: all answers to $answers, the last one stays.
take_answers() {
	echo "$output" >"$answers"
	output=$(tail -n 1 "$answers")
	echo "$output ${stderr:-}" >&2
}

# answer FILTER: something of the last answer.
answer() {
	jq -r "$1" <<<"$output"
}

pulls() {
	pull "$@"
	[ "$status" -eq 0 ]
	[ "$(answer .event)" = "done" ]
	nothing_unfinished
	blobs_are_what_they_say
}

# refuses CODE WORDS REFERENCE...: what is said holds WORDS, and nothing half-made is left.
refuses() {
	local code=$1 words=$2
	shift 2
	pull "$@"
	[ "$status" -eq 1 ]
	[ "$(answer .event)" = error ]
	[ "$(answer .error.code)" = "$code" ]
	[[ "$(answer '.error | .message + "\n" + .cause')" == *"$words"* ]]
	nothing_unfinished
	blobs_are_what_they_say
}

nothing_unfinished() {
	[ ! -d "$store/tmp" ] || [ -z "$(ls -A "$store/tmp")" ]
}

blobs_are_what_they_say() {
	local blob
	for blob in "$store"/blobs/sha256/*; do
		[ ! -e "$blob" ] || [ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "${blob##*/}" ] || return
	done
}

blob() {
	cat "$store/blobs/sha256/${1#sha256:}"
}

# merged_listing CONFIG-DIGEST: the layers as overlayfs shows them, mounted where nobody else sees it.
merged_listing() {
	local lower
	lower=$(blob "$1" | jq -r --arg layers "$store/layers/" \
		'[.rootfs.diff_ids | reverse | .[] | $layers + ltrimstr("sha256:")] | join(":")')
	mkdir -p merged
	# shellcheck disable=SC2016 # expanded there
	unshare --mount bash -c 'mount -t overlay overlay -o ro,lowerdir="$1" merged && . "$2" && image_listing merged' \
		- "$lower" "$BATS_TEST_DIRNAME/lib/image.bash"
}

is_the_image() {
	mkdir expected
	image_expected expected
	image_listing expected >expected.txt
	merged_listing "$1" >merged.txt
	diff expected.txt merged.txt
}

# --- Pulls --------------------------------------------------------------------------------------------------------

@test "an image of OCI's format" {
	pulls "$REGISTRY/four:oci"
	[ "$(answer .manifest)" = "$(image_digest "$LAYOUT" four)" ]
	[ "$(answer .digest)" = "$(answer .manifest)" ]
	[ "$(answer .index)" = null ]
	[ "$(answer .size)" -eq "$(blob "$(answer .manifest)" | jq '[.config.size, .layers[].size] | add')" ]
	is_the_image "$(answer .config)"
}

@test "an image of Docker's format" {
	pulls "$REGISTRY/four:docker"
	[ "$(answer .digest)" = "$(registry_digest four:docker)" ]
	[ "$(blob "$(answer .manifest)" | jq -r .mediaType)" = application/vnd.docker.distribution.manifest.v2+json ]
	is_the_image "$(answer .config)"
}

@test "by digest, with and without a tag" {
	digest=$(registry_digest four:oci)
	pulls "$REGISTRY/four@$digest"
	[ "$(answer .digest)" = "$digest" ]
	rm -r "$store"
	pulls "$REGISTRY/four:docker@$digest"
	[ "$(answer .digest)" = "$digest" ]
}

@test "out of an index, by platform" {
	layout=$BATS_TEST_TMPDIR/index
	image_make "$layout" amd64
	umoci config --image "$layout:amd64" --tag arm64 --architecture arm64 --config.cmd other 2>/dev/null
	jq '(.manifests[] | select(.annotations."org.opencontainers.image.ref.name" == "amd64")).platform =
			{os: "linux", architecture: "amd64"} |
		(.manifests[] | select(.annotations."org.opencontainers.image.ref.name" == "arm64")).platform =
			{os: "linux", architecture: "arm64", variant: "v8"}' "$layout/index.json" >index.json
	mv index.json "$layout/index.json"
	registry_push_index "$layout" many:1
	pulls "$REGISTRY/many:1" 'platform="linux/arm64"'
	[ "$(answer .manifest)" = "$(image_digest "$layout" arm64)" ]
	[ "$(answer .index)" = "$(registry_digest many:1)" ]
	[ "$(answer .digest)" = "$(answer .index)" ]
	[ "$(blob "$(answer .config)" | jq -r .architecture)" = arm64 ]
	pulls "$REGISTRY/many:1"
	[ "$(answer .manifest)" = "$(image_digest "$layout" amd64)" ]
	refuses E-IMG-ARCH "linux/amd64, linux/arm64/v8" "$REGISTRY/many:1" 'platform="linux/s390x"'
}

@test "each layer is told from waiting to done, in order" {
	pulls "$REGISTRY/four:oci"
	[ "$(head -n 1 "$answers" | jq -r .event)" = manifest ]
	head -n 1 "$answers" | jq -r '.layers[].digest' >layers
	[ "$(wc -l <layers)" -eq 4 ]
	while read -r digest; do
		states=$(jq -r --arg digest "$digest" 'select(.digest == $digest and .event == "layer") | .state' "$answers" |
			uniq | paste -sd' ')
		[[ $states =~ ^waiting\ downloading\ verifying\ (extracting\ )?done$ ]]
	done <layers
	jq -es '[.[] | select(.event == "layer")] | all(.current >= 0 and .current <= .total)' "$answers"
}

@test "what is there is not fetched again" {
	pulls "$REGISTRY/four:oci"
	before=$(grep -c '"GET /v2/four/blobs' "$registry_dir/log")
	pulls "$REGISTRY/four:docker"
	[ "$(jq -r 'select(.event == "layer") | .state' "$answers" | sort -u | paste -sd' ')" = "exists waiting" ]
	[ "$(grep -c '"GET /v2/four/blobs' "$registry_dir/log")" -eq "$before" ]
}

@test "a pull by digest of an image that is there asks nobody" {
	pulls "$REGISTRY/four:oci"
	digest=$(answer .digest)
	before=$(wc -l <"$registry_dir/log")
	pulls "$REGISTRY/four@$digest"
	[ "$(wc -l <"$registry_dir/log")" -eq "$before" ]
}

@test "a layer that was lost is unpacked from its blob, and a blob that was lost is fetched" {
	pulls "$REGISTRY/four:oci"
	config=$(answer .config)
	layer=$(blob "$config" | jq -r '.rootfs.diff_ids[1]')
	rm -r "$store/layers/${layer#sha256:}"
	lost=$(blob "$(answer .manifest)" | jq -r '.layers[2].digest')
	rm "$store/blobs/sha256/${lost#sha256:}"
	pulls "$REGISTRY/four:oci"
	[ -f "$store/blobs/sha256/${lost#sha256:}" ]
	is_the_image "$config"
}

@test "a layer that the manifest has twice is fetched once" {
	pulls "$LIAR/layer-twice/x:four"
	[ "$(head -n 1 "$answers" | jq '.layers | length')" -eq 5 ]
	[ "$(grep -c "layer-twice/x/blobs/" "$lying_dir/log")" -eq 5 ] # the config, and four layers
}

@test "pulls of the same image at the same time fetch each blob once" {
	before=$(grep -c '"GET /v2/four/blobs' "$registry_dir/log" || true)
	request "$REGISTRY/four:oci" >request.json
	for i in 1 2 3; do
		"$transfer" "$store" <request.json >"answers.$i" &
		pids[i]=$!
	done
	for i in 1 2 3; do
		wait "${pids[i]}"
		output=$(tail -n 1 "answers.$i")
		[ "$(answer .event)" = "done" ]
	done
	nothing_unfinished
	blobs_are_what_they_say
	is_the_image "$(answer .config)"
	[ "$(grep -c '"GET /v2/four/blobs' "$registry_dir/log")" -eq $((before + 5)) ]
}

@test "what another pull was fetching when it died is fetched" {
	start_stalling
	request "$LIAR/honest/x:four" >request.json
	"$transfer" "$store" <request.json >second 2>stderr2 &
	second=$!
	for _ in {1..1200}; do
		! grep -qs waiting second || break
		sleep 0.05
	done
	kill -KILL "$pid"
	wait "$pid" || true
	wait "$second"
	output=$(tail -n 1 second)
	[ "$(answer .event)" = "done" ]
	is_the_image "$(answer .config)"
}

@test "the store is an OCI layout that others can read" {
	pulls "$REGISTRY/four:oci"
	cp -r "$store/blobs" "$store/oci-layout" .
	jq -n --arg digest "$(answer .manifest)" --argjson size "$(blob "$(answer .manifest)" | wc -c)" \
		'{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest,
			size: $size, annotations: {"org.opencontainers.image.ref.name": "x"}}]}' >index.json
	skopeo --insecure-policy copy --quiet "oci:$PWD:x" "dir:$PWD/copy"
}

# --- Registries that are not there, or not as expected -------------------------------------------------------------

@test "nobody listens" {
	refuses E-REG-REFUSED "nothing listens on 127.0.0.1:1 or [::1]:1" localhost:1/x
	refuses E-REG-REFUSED "nothing listens on 127.0.0.1:1" 127.0.0.1:1/x
	[ "$(answer .error.stage)" = pull ]
}

@test "no such tag, no such repository" {
	refuses E-IMG-TAG "its tags are: docker, oci" "$REGISTRY/four:nosuch" || [[ $output == *"oci, docker"* ]]
	[[ "$(answer .error.message)" == 'manifest unknown: "'* ]]
	refuses E-IMG-TAG "the repository does not exist" "$REGISTRY/none:1"
	refuses E-IMG-TAG "no manifest of this digest" \
		"$REGISTRY/four@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
}

@test "a port that no network has" {
	refuses E-IMG-REF "no registry can be at" localhost:99999/x
}

@test "plain HTTP where TLS was expected" {
	refuses E-REG-HTTP "speaks plain HTTP" "registry.localhost:${REGISTRY#*:}/four:oci"
}

@test "TLS: a certificate is trusted if its authority is, or on this machine" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=tests \
		-addext subjectAltName=DNS:registry.localhost -keyout key.pem -out cert.pem 2>/dev/null
	registry_start "$BATS_TEST_TMPDIR/registry" \
		REGISTRY_HTTP_TLS_CERTIFICATE="$PWD/cert.pem" REGISTRY_HTTP_TLS_KEY="$PWD/key.pem"
	refuses E-REG-TLS "certificate" "registry.localhost:${REGISTRY#*:}/x:1"
	SSL_CERT_FILE=$PWD/cert.pem refuses E-IMG-TAG "repository does not exist" "registry.localhost:${REGISTRY#*:}/x:1"
	SSL_CERT_FILE=$PWD/cert.pem refuses E-REG-TLS "other.localhost" "other.localhost:${REGISTRY#*:}/x:1"
	refuses E-IMG-TAG "repository does not exist" "$REGISTRY/x:1"
	registry_push "$LAYOUT:four" four:1
	pulls "$REGISTRY/four:1"
	# Now several questions at once are the first that the registry gets.
	find "$store/blobs/sha256" -type f ! -name "$(answer '.digest | ltrimstr("sha256:")')" -delete
	pulls "$REGISTRY/four@$(answer .digest)"
	[ "$(find "$store/blobs/sha256" -type f | wc -l)" -eq 6 ]
	registry_stop
}

# --- Lies ---------------------------------------------------------------------------------------------------------

@test "manifests that lie" {
	refuses E-IMG-DIGEST "the registry itself names" "$LIAR/manifest-digest/x:four"
	refuses E-IMG-DIGEST "is corrupt: got $(image_digest "$LAYOUT" four)" \
		"$LIAR/manifest-type/x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	refuses E-IMG-MANIFEST "manifest:1:1: expected a value before byte 0x00" "$LIAR/manifest-garbage/x:four"
	refuses E-IMG-MANIFEST "unexpected end of file" "$LIAR/manifest-empty/x:four"
	refuses E-IMG-MANIFEST "ambiguous" "$LIAR/manifest-type/x:four"
	refuses E-IMG-MANIFEST "ambiguous" "$LIAR/manifest-two-sided/x:four"
	refuses E-REG-ANSWER "a web page in place of a manifest" "$LIAR/manifest-html/x:four"
	refuses E-REG-ANSWER "longer than 4194304 bytes" "$LIAR/manifest-huge/x:four"
	refuses E-REG-ANSWER "longer than 4194304 bytes" "$LIAR/manifest-endless/x:four"
}

@test "indexes that lie" {
	refuses E-IMG-DIGEST "but the index says" "$LIAR/index-size/x:four"
	refuses E-IMG-ARCH "linux/s390x, linux/ppc64le" "$LIAR/index-other/x:four"
}

@test "manifests and configs that do not fit together" {
	refuses E-IMG-DIGEST "but the image config says" "$LIAR/diffids-swapped/x:four"
	refuses E-IMG-MANIFEST "the manifest has 4 layers, but the image config has 3" "$LIAR/diffids-missing/x:four"
	refuses E-IMG-MANIFEST "/config/Cmd: expected an array" "$LIAR/config-type/x:four"
	refuses E-IMG-MANIFEST "contradict each other" "$LIAR/layer-contradicts/x:four"
}

@test "blobs that are not what their digest says" {
	refuses E-IMG-DIGEST "image config sha256:" "$LIAR/config-wrong/x:four"
	refuses E-IMG-DIGEST "is corrupt: got sha256:" "$LIAR/blob-wrong/x:four"
	refuses E-IMG-DIGEST "it has only" "$LIAR/blob-short/x:four"
	refuses E-IMG-DIGEST "it is longer than" "$LIAR/blob-long/x:four"
	refuses E-IMG-DIGEST "it is longer than" "$LIAR/blob-endless/x:four"
	refuses E-IMG-DIGEST "it has only" "$LIAR/layer-size/x:four"
	refuses E-REG-ANSWER "BLOB_UNKNOWN" "$LIAR/blob-missing/x:four"
	refuses E-IMG-LAYER "layer 1/4" "$LIAR/layer-no-archive/x:four"
	[ "$(answer .error.stage)" = unpack ]
}

@test "connections that break off are taken up again" {
	pulls "$LIAR/blob-breaks/x:four"
	grep -q 'blob-breaks/x/blobs/.* bytes=' "$lying_dir/log"
	is_the_image "$(answer .config)"
	rm -r "$store"
	pulls "$LIAR/blob-breaks-anew/x:four"
	pulls "$LIAR/drops-once/x:four"
	pulls "$LIAR/busy-once/x:four"
	pulls "$LIAR/limited/x:four"
}

@test "but not forever" {
	refuses E-REG-ANSWER "the connection was lost" "$LIAR/blob-always-breaks/x:four"
	refuses E-REG-ANSWER "another part of a body" "$LIAR/blob-other-range/x:four"
	refuses E-REG-ANSWER "the connection was lost" "$LIAR/drops/x:four"
	refuses E-REG-ANSWER "HTTP status 503" "$LIAR/busy/x:four"
	refuses E-REG-ANSWER "HTTP status 418" "$LIAR/teapot/x:four"
}

@test "servers that keep us waiting" {
	start=$SECONDS
	refuses E-REG-TIMEOUT "does not answer in time" "$LIAR/stalls/x:four" timeout_ms=1000
	refuses E-REG-TIMEOUT "does not answer in time" "$LIAR/blob-stalls/x:four" timeout_ms=1000
	refuses E-REG-TIMEOUT "does not answer in time" "$LIAR/drips/x:four" timeout_ms=3000
	[ $((SECONDS - start)) -lt 25 ]
}

@test "what is no HTTP, or has no measure" {
	refuses E-REG-ANSWER "headers" "$LIAR/headers-huge/x:four"
	refuses E-REG-ANSWER "headers" "$LIAR/header-long/x:four"
	refuses E-REG-ANSWER "makes no sense" "$LIAR/not-http/x:four"
}

@test "redirects that are not followed" {
	refuses E-REG-ANSWER "it leads to no web server" "$LIAR/redirect-file/x:four"
	refuses E-REG-ANSWER "it leads to no web server" "$LIAR/redirect-ftp/x:four"
	refuses E-REG-ANSWER "it leads to no web server" "$LIAR/redirect-user/x:four"
	refuses E-REG-ANSWER "it leads to no web server" "$LIAR/redirect-nowhere/x:four"
	refuses E-REG-ANSWER "there are too many of them" "$LIAR/redirect-loop/x:four"
	[ "$(grep -c /v2/redirect-loop/ "$lying_dir/log")" -eq 6 ]
}

@test "a token is told to no other origin" {
	pulls "$LIAR/redirect-other/x:four"
	other=$(sed -n 's/^also at //p' "$lying_dir/log")
	[ "$(grep -c "^$other /plain/" "$lying_dir/log")" -eq 5 ]
	[ "$(grep -c "^$other /plain/.* - -" "$lying_dir/log")" -eq 5 ]
	rm -r "$store"
	pulls "$LIAR/redirect-same/x:four"
	[ "$(grep -c "^$LIAR /plain/.* Bearer a-token -" "$lying_dir/log")" -eq 5 ]
}

# --- Authorization ------------------------------------------------------------------------------------------------

@test "tokens" {
	pulls "$LIAR/auth-token/x:four"
	[ "$(grep -c '/token/good?service=liar&scope=repository%3[Aa]x%3[Aa]pull' "$lying_dir/log")" -ge 1 ]
	rm -r "$store"
	pulls "$LIAR/auth-expires/x:four"
	refuses E-REG-AUTH "pull access denied for $LIAR/auth-loop/x" "$LIAR/auth-loop/x:four"
	[ "$(grep -c /v2/auth-loop/ "$lying_dir/log")" -eq 2 ]
	[ "$(answer .error.hint)" = "coffer login $LIAR" ]
	refuses E-REG-AUTH "there are no credentials for $LIAR in $HOME/.docker/config.json" "$LIAR/auth-denied/x:four"
	refuses E-REG-ANSWER "from its token service" "$LIAR/auth-garbage/x:four"
	refuses E-REG-ANSWER "file:///etc/passwd" "$LIAR/auth-file/x:four"
	refuses E-REG-AUTH "(HTTP 401)" "$LIAR/auth-silent/x:four"
	refuses E-REG-AUTH "requested access is denied" "$LIAR/forbidden/x:four"
}

@test "credentials of Docker's configuration" {
	export DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker
	mkdir "$DOCKER_CONFIG"
	refuses E-REG-AUTH "there are no credentials" "$LIAR/auth-basic/x:four"
	jq -n --arg host "$LIAR" '{auths: {($host): {auth: ("user:password" | @base64)}}}' >"$DOCKER_CONFIG/config.json"
	pulls "$LIAR/auth-basic/x:four"
	refuses E-REG-AUTH 'the credentials of user "user"' "$LIAR/auth-denied/x:four"
	run ! grep -q password "$answers"
	echo '{"auths":[]}' >"$DOCKER_CONFIG/config.json"
	refuses E-REG-AUTH "$DOCKER_CONFIG/config.json:1:10: /auths: expected an object" "$LIAR/auth-token/x:four"
}

# --- Stopping -----------------------------------------------------------------------------------------------------

# start_stalling: a pull that waits for a blob.
start_stalling() {
	request "$LIAR/blob-stalls/x:four" >request.json
	"$transfer" "$store" <request.json >"$answers" 2>stderr &
	pid=$!
	for _ in {1..1200}; do
		! grep -qs downloading "$answers" || [ -z "$(ls -A "$store/tmp")" ] || return 0
		sleep 0.05
	done
	return 1
}

@test "SIGTERM and SIGINT end it cleanly" {
	for signal in TERM INT; do
		start_stalling
		kill -s "$signal" "$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" -eq 1 ]
		output=$(tail -n 1 "$answers")
		[ "$(answer .error.code)" = E-CANCELLED ]
		[[ "$(answer .error.message)" == *"interrupted by SIG$signal" ]]
		nothing_unfinished
	done
}

# interrupted: a pull that has got the first half of the blobs, and was ended.
interrupted() {
	request "$LIAR/blob-stalls/x:four" >request.json
	"$transfer" "$store" <request.json >"$answers" 2>stderr &
	pid=$!
	for _ in {1..1200}; do
		[ "$(find "$store/tmp" -type f -size +400k 2>/dev/null | wc -l)" -lt 2 ] || break
		sleep 0.05
	done
	kill -TERM "$pid"
	wait "$pid" || true
	nothing_unfinished
	partial=("$store"/cache/partial/*"@$LIAR")
	[ "${#partial[@]}" -eq 2 ] # the other two layers are not worth it
}

# ranges LINE: what was asked for in the liar's log from that line on, in parts.
ranges() {
	tail -n "+$1" "$lying_dir/log" | awk '/ bytes=/ {print $NF}' | sort
}

@test "the next pull goes on where the last one was interrupted" {
	interrupted
	sizes=$(stat -c 'bytes=%s-' "${partial[@]}" | sort)
	begin=$(($(wc -l <"$lying_dir/log") + 1))
	pulls "$LIAR/honest/x:four"
	[ "$(ranges "$begin")" = "$sizes" ]
	is_the_image "$(answer .config)"
	[ -z "$(ls -A "$store/cache/partial")" ]
}

@test "what was kept of an interrupted pull, and is damaged, is fetched anew" {
	interrupted
	for file in "${partial[@]}"; do
		head -c 1000 /dev/zero | dd of="$file" bs=1000 seek=5 conv=notrunc status=none
	done
	pulls "$LIAR/honest/x:four"
	is_the_image "$(answer .config)"
	rm -r "$store"
	interrupted
	truncate -s 0 "${partial[0]}"
	truncate -s 100M "${partial[1]}"
	begin=$(($(wc -l <"$lying_dir/log") + 1))
	pulls "$LIAR/honest/x:four"
	[ -z "$(ranges "$begin")" ]
	[ -z "$(ls -A "$store/cache/partial")" ]
}

@test "what one registry has sent is not gone on with by another; it goes when it is old" {
	interrupted
	pulls "$REGISTRY/four:oci"
	[ "$(find "$store/cache/partial" -type f | wc -l)" -eq 2 ]
	touch -d '8 days ago' "${partial[0]}"
	pull "$REGISTRY/four:docker"
	[ "$(ls "$store/cache/partial")" = "${partial[1]##*/}" ]
}

@test "nobody reads the answers any more" {
	request "$LIAR/blob-stalls/x:four" >request.json
	mkfifo pipe
	"$transfer" "$store" <request.json >pipe 2>stderr &
	pid=$!
	head -n 7 <pipe >"$answers"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	nothing_unfinished
	[ ! -s stderr ]
}

@test "after SIGKILL the next one cleans up" {
	start_stalling
	kill -KILL "$pid"
	wait "$pid" || true
	run ! nothing_unfinished
	pulls "$REGISTRY/four:oci"
}

@test "a reader that is slow loses nothing that matters" {
	request "$REGISTRY/four:oci" >request.json
	"$transfer" "$store" <request.json | (sleep 2; cat) >"$answers"
	[ "$(jq -r .event "$answers" | sort | uniq -c | awk '$2 != "layer" {print $1, $2}' | paste -sd, )" = "1 done,1 manifest" ]
	[ "$(jq -r 'select(.state == "done") | .digest' "$answers" | sort -u | wc -l)" -eq 4 ]
}

@test "requests that make no sense" {
	for request in '' '{}' '[]' '{"command":"fly"}' '{"command":"pull"}' '{"command":"pull","reference":"UPPER"}' \
		'{"command":"pull","reference":"x","platform":"a/b/c/d"}' '{"command":"import"}' \
		'{"command":"import","fd":1}' '{"command":"import","fd":200}' '{"command":"import","fd":"3"}'; do
		run --separate-stderr "$transfer" "$store" <<<"$request"
		[ "$status" -eq 1 ]
		[[ "$(answer .error.code)" =~ ^E-(INVALID|IMG-REF)$ ]]
	done
}

# --- Imports ------------------------------------------------------------------------------------------------------

# import FILE [MEMBER=JSON...]
import() {
	local file=$1 member filter='{command: "import", fd: 3, platform: "linux/amd64"}'
	shift
	for member; do
		filter+=" + {${member%%=*}: ${member#*=}}"
	done
	jq -nc "$filter" >request.json
	run --separate-stderr "$transfer" "$store" <request.json 3<"$file"
	take_answers
}

imports() {
	import "$@"
	[ "$status" -eq 0 ]
	[ "$(answer .event)" = "done" ]
	nothing_unfinished
	blobs_are_what_they_say
}

refuses_import() {
	local code=$1 words=$2
	shift 2
	import "$@"
	[ "$status" -eq 1 ]
	[ "$(answer .error.code)" = "$code" ]
	[[ "$(answer .error.message)" == *"$words"* ]]
	nothing_unfinished
	[ ! -d "$store" ] || [ -z "$(find "$store/blobs/sha256" "$store/layers" -mindepth 1)" ]
}

make_archive() {
	mkdir expected
	image_expected expected
	image_tar expected "$BATS_TEST_TMPDIR/root.tar"
}

@test "import of plain, gzip and zstd archives" {
	make_archive
	gzip -k root.tar
	zstd -q -k root.tar
	diff_id=sha256:$(sha256sum <root.tar | cut -d' ' -f1)
	for file in root.tar root.tar.gz root.tar.zst; do
		rm -rf "$store"
		imports "$file"
		layer=$(blob "$(answer .manifest)" | jq -r '.layers[0].digest')
		cmp "$file" "$store/blobs/sha256/${layer#sha256:}"
		[ "$(blob "$(answer .config)" | jq -r '.rootfs.diff_ids[0]')" = "$diff_id" ]
		image_listing expected >expected.txt
		image_listing "$store/layers/${diff_id#sha256:}" >merged.txt
		diff expected.txt merged.txt
	done
	[ "$(blob "$(answer .manifest)" | jq -r '.layers[0].mediaType')" = application/vnd.oci.image.layer.v1.tar+zstd ]
	[ "$(answer .digest)" = "$(answer .manifest)" ]
	[ "$(answer .index)" = null ]
}

@test "import from a pipe, byte by byte at first" {
	make_archive
	gzip root.tar
	mkfifo pipe
	(for _ in 1 2 3; do dd bs=1 count=1 status=none; sleep 0.1; done; cat) <root.tar.gz >pipe &
	imports pipe
	wait
}

@test "what an import's configuration says" {
	make_archive
	imports root.tar 'message="a \"message\""' 'platform="linux/arm/v6"' \
		'changes=["CMD [\"/bin/sh\"]", "ENV A=1 B=\"x y\"", "EXPOSE 80", "LABEL k=v", "WORKDIR /srv", "USER 1:2"]'
	config=$(blob "$(answer .config)")
	[ "$(jq -c .config <<<"$config")" = '{"User":"1:2","ExposedPorts":{"80/tcp":{}},"Env":["A=1","B=x y"],"Cmd":["/bin/sh"],"WorkingDir":"/srv","Labels":{"k":"v"}}' ]
	[ "$(jq -r '"\(.os) \(.architecture) \(.variant)"' <<<"$config")" = "linux arm v6" ]
	[ "$(jq -r '.history[0].comment' <<<"$config")" = 'a "message"' ]
	[ "$(jq -r '.history | length' <<<"$config")" -eq 1 ]
	created=$(date -d "$(jq -r .created <<<"$config")" +%s)
	[ $(($(date +%s) - created)) -lt 60 ]
}

@test "archives that are refused" {
	make_archive
	gzip -k root.tar
	: >empty
	refuses_import E-IMG-LAYER "the archive is empty" empty
	tar -cf none.tar -T /dev/null
	refuses_import E-IMG-LAYER "the archive is empty" none.tar
	head -c 100000 root.tar >short.tar
	refuses_import E-IMG-LAYER "" short.tar
	head -c 100000 root.tar.gz >short.tar.gz
	refuses_import E-IMG-LAYER "" short.tar.gz
	head -c 100000 /dev/urandom >noise
	refuses_import E-IMG-LAYER "" noise
	xz -T1 -0 -k root.tar
	refuses_import E-IMG-LAYER "compressed with xz" root.tar.xz
	[ "$(answer .error.hint)" = "xz -dc FILE | coffer import -" ]
	refuses_import E-INVALID 'RUN is not one of' root.tar 'changes=["RUN true"]'
}
