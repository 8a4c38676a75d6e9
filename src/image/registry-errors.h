/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong between us and a registry, in words. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/registry-auth.h"
#include "image/registry-credentials.h"
#include "image/registry-http.h"
#include "image/registry.h"

/* Where we were asking, and for what. */
struct registry_place {
	const char *registry; /* as the image's name has it: "docker.io" */
	const char *server;   /* who was asked: "registry-1.docker.io", "auth.docker.io" */
	const char *image;    /* the familiar repository: "busybox" */
	bool plain_http;
	enum registry_purpose purpose;
	enum error_stage stage; /* of the errors */
};

/* An exchange that did not end in a 2xx answer. Errors: ERR_REG_*. */
int registry_explain(const struct registry_place *place, const struct http_answer *answer, struct error *err);

/* 401 or 403 for good. @credentials is what we had; @with_token: a token had been given for it. */
int registry_explain_denied(const struct registry_place *place, const struct http_answer *answer,
			    const struct credentials *credentials, bool with_token, struct error *err);

/* @err is set to ERR_REG_ANSWER: a token was to be had only where no secret may be sent. */
int registry_explain_realm(const struct registry_place *place, const char *realm, struct error *err);

/* @err becomes ERR_REG_HTTP: the server was found to speak plain HTTP. */
int registry_explain_plain_http(const struct registry_place *place, struct error *err);

/* The registry's own words in an error's body ("MANIFEST_UNKNOWN: manifest unknown") as the cause, if there are any. */
void registry_quote(const struct http_answer *answer, struct error *err);
