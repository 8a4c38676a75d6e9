/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine asks for, out of the JSON document on standard input; see image/transfer-protocol.h. */
#pragma once

#include "image/copy-extract.h"
#include "image/import.h"
#include "image/load.h"
#include "image/login.h"
#include "image/pull-check.h"
#include "image/pull.h"
#include "image/push.h"
#include "image/registry-referrers.h"
#include "image/registry-search.h"
#include "image/registry-tags.h"
#include "image/save.h"
#include "image/verify.h"

enum transfer_command {
	COMMAND_PULL,
	COMMAND_CHECK,
	COMMAND_TAGS,
	COMMAND_SEARCH,
	COMMAND_REFERRERS,
	COMMAND_PUSH,
	COMMAND_IMPORT,
	COMMAND_SAVE,
	COMMAND_LOAD,
	COMMAND_VERIFY,
	COMMAND_EXTRACT,
	COMMAND_LOGIN,
	COMMAND_LOGOUT,
};

struct transfer_request {
	enum transfer_command command;
	struct pull_options pull;
	struct pull_check_options check;
	struct registry_tags_options tags;
	struct registry_search_options search;
	struct registry_referrers_options referrers;
	struct push_options push;
	struct import_options import; /* its strings are ours */
	struct import_base base;
	struct save_options save;
	struct load_options load;
	struct verify_options verify;
	struct extract_options extract; /* its path is ours */
	struct spec_id_mapping *uid_map, *gid_map; /* of extract.maps */
	struct login_options login; /* a logout has only its registry */
	char *message;
	char **changes;
};

/* Errors: ERR_INVALID. */
int request_parse(const char *text, size_t len, struct transfer_request *ret, struct error *err);
void request_done(struct transfer_request *request);
#define _cleanup_request_ _cleanup_(request_done)
