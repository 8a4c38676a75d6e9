/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-tls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "build-config.h"
#include "image/registry-files.h"

enum { PEM_SIZE_MAX = 4 << 20 };

void tls_files_done(struct tls_files *files)
{
	free(files->authorities);
	free(files->certificate);
	free(files->key);
	*files = (struct tls_files){ 0 };
}

/* $COFFER_CERTS_D is for tests, and for who keeps them elsewhere. */
static char **certs_folders(void)
{
	static const char *const system[] = { SYSCONFDIR "/coffer/certs.d", "/etc/containers/certs.d",
					      "/etc/docker/certs.d" };
	const char *chosen = getenv("COFFER_CERTS_D");
	char **folders = NULL;
	if (!str_is_empty(chosen)) {
		strv_append(&folders, chosen);
		return folders;
	}
	_cleanup_free_ char *own = registry_user_path("certs.d");
	if (own)
		strv_append(&folders, own);
	for (size_t i = 0; i < ARRAY_SIZE(system); i++)
		strv_append(&folders, system[i]);
	return folders;
}

static char *find_folder(const char *host, const char *port)
{
	_cleanup_free_ char *full = mem_printf("%s:%s", host, port);
	const char *const names[] = { full, streq(port, "443") ? host : NULL };
	_cleanup_strv_ char **folders = certs_folders();
	for (char **folder = folders; folder && *folder; folder++) {
		for (size_t i = 0; i < ARRAY_SIZE(names) && names[i]; i++) {
			_cleanup_free_ char *path = path_join(*folder, names[i]);
			if (access(path, F_OK) == 0)
				return TAKE_PTR(path);
		}
	}
	return NULL;
}

/* --- one folder --- */

static int add_authority(const char *path, struct str *authorities, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	struct error why = { 0 };
	if (file_read(AT_FDCWD, path, PEM_SIZE_MAX, &text, NULL, &why) < 0)
		return err_set(err, ERR_REG_TLS, "%s", why.message);
	str_appendf(authorities, "%s\n", text);
	return 0;
}

/* "x.cert" goes with "x.key". */
static int take_certificate(const char *path, struct tls_files *files, struct error *err)
{
	_cleanup_free_ char *stem = mem_strndup(path, strlen(path) - strlen(".cert"));
	_cleanup_free_ char *key = mem_printf("%s.key", stem);
	if (files->certificate)
		return 0;
	if (access(key, R_OK) < 0)
		return err_set(err, ERR_REG_TLS, "missing key %s for client certificate %s", key, path);
	files->certificate = mem_strdup(path);
	files->key = TAKE_PTR(key);
	return 0;
}

static int read_folder(const char *folder, struct tls_files *files, struct str *authorities, struct error *err)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort), r = 0;
	if (n < 0)
		return err_sys_code(err, ERR_REG_TLS, errno, "read '%s'", folder);
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *path = path_join(folder, entries[i]->d_name);
		if (r >= 0 && str_ends_with(path, ".crt"))
			r = add_authority(path, authorities, err);
		else if (r >= 0 && str_ends_with(path, ".cert"))
			r = take_certificate(path, files, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int tls_files_find(const char *host, const char *port, struct tls_files *ret, struct error *err)
{
	_cleanup_free_ char *folder = find_folder(host, port);
	_cleanup_tls_files_ struct tls_files files = { 0 };
	_cleanup_str_ struct str authorities = { 0 };
	int r = folder ? read_folder(folder, &files, &authorities, err) : 0;
	if (r < 0)
		return r;
	if (authorities.len > 0)
		files.authorities = str_take(&authorities);
	*ret = files;
	files = (struct tls_files){ 0 };
	return 0;
}

/* --- libcurl --- */

/* What it would trust anyway, and ours. */
static void trust(const char *authorities, CURL *easy)
{
	char *usual = getenv("SSL_CERT_FILE");
	_cleanup_free_ char *text = NULL;
	_cleanup_str_ struct str all = { 0 };
	if (str_is_empty(usual))
		curl_easy_getinfo(easy, CURLINFO_CAINFO, &usual);
	if (!str_is_empty(usual) && file_read(AT_FDCWD, usual, PEM_SIZE_MAX, &text, NULL, NULL) == 0)
		str_appendf(&all, "%s\n", text);
	str_append(&all, authorities);
	struct curl_blob blob = { .data = all.data, .len = all.len, .flags = CURL_BLOB_COPY };
	curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
}

void tls_files_use(const struct tls_files *files, CURL *easy)
{
	if (files->authorities)
		trust(files->authorities, easy);
	curl_easy_setopt(easy, CURLOPT_SSLCERT, files->certificate);
	curl_easy_setopt(easy, CURLOPT_SSLKEY, files->key);
}
