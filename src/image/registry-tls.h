/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for one server, as Docker and Podman find them: in the folders HOST[:PORT] of coffer's own, Podman's and
 * Docker's certs.d, every *.crt is an authority that is trusted besides the usual ones, and a *.cert is what we show, with the
 * *.key of the same name. The first folder that is there counts.
 *
 * Source: docs.docker.com/engine/security/certificates, containers-certs.d(5).
 */
#pragma once

#include <curl/curl.h>

#include "base/error.h"

struct tls_files {
	char *authorities;	 /* as PEM; or NULL */
	char *certificate, *key; /* paths; or NULL */
};
void tls_files_done(struct tls_files *files);
#define _cleanup_tls_files_ _cleanup_(tls_files_done)

/* Errors: ERR_REG_TLS for a certificate without its key, or files that cannot be read. */
int tls_files_find(const char *host, const char *port, struct tls_files *ret, struct error *err);

/* Give them to libcurl, which copies them. */
void tls_files_use(const struct tls_files *files, CURL *easy);
