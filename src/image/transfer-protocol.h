/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the engine and the transfer helper (coffer-transfer) talk. The helper is started with one argument, the path of
 * the store, gets one JSON document (the request) on its standard input and writes JSON documents, one a line, to its
 * standard output; standard error is its log. It holds the store's shared lock while it works; the engine holds it too,
 * until it has recorded the result, so that nothing is collected in between (S3).
 *
 * Requests:
 *	{"command":"pull", "reference":"HOST/NAME:TAG" (in full), "platform":"linux/amd64"}
 *	{"command":"check", "reference":"HOST/NAME:TAG" (in full), "known":["sha256:...", ...]}
 *	{"command":"tags", "reference":"HOST/NAME"}
 *	{"command":"referrers", "reference":"HOST/NAME:TAG" (in full), "artifact_type":"..." or absent}
 *	{"command":"search", "registry":"HOST", "term":"...", "limit":N}
 *	{"command":"import", "fd":3 (a tar file or pipe that it inherits), "reference":"..." or absent,
 *	 "platform":"linux/amd64", "message":"...", "changes":["CMD [...]", ...]}
 *	 ... or, for what is laid over another image, with {"manifest":"sha256:...", "config":{...}} as "base"
 *	 (image/import-base.h) instead of the last three
 *	{"command":"save", "fd":3 (what it writes to), "images":[{"manifest":"sha256:...", "names":["HOST/NAME:TAG", ...]
 *	 (in full) or absent}, ...]}
 *	{"command":"extract", "fd":3 (a tar file or pipe), "root":4 (a directory), "path":"/..." (in it, where all goes)}
 *	{"command":"push", "reference":"HOST/NAME:TAG" (in full), "manifest":"sha256:...",
 *	 "sources":[{"digest":"sha256:...", "repository":"NAME"}, ...] (of the same registry: where it may have blobs)}
 *	{"command":"login", "registry":"HOST", "user":"...", "password":"..."}      both absent: those that are kept
 *	{"command":"logout", "registry":"HOST"}
 *	{"command":"load", "fd":3 (a tar file or pipe), "platform":"linux/amd64" (what to choose of an index)}
 *	{"command":"verify", "blobs":["sha256:...", ...], "manifests":[those of them that are image manifests],
 *	 "repair":true or absent}
 *
 * Answers, in any order but the last:
 *	{"event":"manifest", "digest":"sha256:...", "layers":[{"digest":..., "size":N}, ...]}
 *	{"event":"layer", "digest":"sha256:...", "state":"waiting|downloading|verifying|extracting|uploading|done|exists",
 *	 "current":BYTES, "total":BYTES}      at most ten a second for each layer, and each change of state
 *	{"event":"damage", "digest":"sha256:..." (of the blob, or DiffID), "object":"blobs/sha256/HEX" or "layers/HEX",
 *	 "path":"..." (what in it; or absent), "why":"its ..."}      of a verification
 *	{"event":"layer", "digest":"sha256:...", "state":"mounted", "from":"NAME"}      after a push
 *	{"event":"found", "name":"NAME" (without the registry), "description":"...", "stars":N, "official":true|false}
 *	{"event":"found", "digest":"sha256:...", "media_type":"...", "artifact_type":"..." (may be empty), "size":BYTES,
 *	 "annotations":{...} or absent}      of referrers
 *	{"event":"done", "manifest":"sha256:..." (the image manifest), "index":"sha256:..." (what the tag named, if that
 *	 was an index), "config":"sha256:...", "digest":"sha256:..." (what the tag named), "size":BYTES (compressed)}
 *	 ... after a save, a push, a search, a list of referrers or a verification, without all that; after an extract, with the size alone; after a load, with
 *	 "images":[{"manifest":..., "index":..., "config":..., "names":["HOST/NAME:TAG", ...]}, ...] instead
 *	 ... after a check, "digest" alone: which of the known ones the tag names; absent: another
 *	 ... after a list of tags, "tags":["...", ...]
 *	 ... after a login, "user":"...", "stored":"FILE or program" (absent: as it was), "plain":true|false
 *	 ... after a logout, "removed":true|false
 *	{"event":"error", "error":{...}}      as json_from_error() has it
 * The last one is "done" or "error"; the exit status is 0 or 1.
 */
#pragma once

#define TRANSFER_PROGRAM "coffer-transfer"

enum { TRANSFER_ARCHIVE_FD = 3, TRANSFER_ROOT_FD = 4 };

enum { SEARCH_LIMIT_MAX = 100 }; /* Docker's registry gives no more at once */
