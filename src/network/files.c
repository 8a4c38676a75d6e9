/* SPDX-License-Identifier: Apache-2.0 */
#include "network/files.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define HOSTS "/etc/hosts"
#define RESOLV_CONF "/etc/resolv.conf"
#define BLANKS " \t"

static const char OWN_HOSTS[] = "127.0.0.1\tlocalhost\n"
				"::1\tlocalhost ip6-localhost ip6-loopback\n"
				"fe00::\tip6-localnet\n"
				"ff00::\tip6-mcastprefix\n"
				"ff02::1\tip6-allnodes\n"
				"ff02::2\tip6-allrouters\n";

static int read_host_file(const char *path, char **ret, struct error *err)
{
	struct error why = { 0 };
	int r = file_read(AT_FDCWD, path, NETWORK_FILE_MAX, ret, NULL, &why);
	if (r == -ERR_NOT_FOUND) {
		*ret = mem_strdup("");
		return 0;
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

/* --- name servers --- */

/* An address of the whole of 127/8, of ::1, or of either with a zone ("fe80::1%eth0" is none of them). */
static bool is_loopback(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (inet_pton(AF_INET, address, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* The address in "nameserver ADDRESS", or NULL. free() it. */
static char *nameserver_of(const char *line)
{
	const char *rest = str_after(line, "nameserver");
	if (!rest || !*rest || !strchr(BLANKS, *rest))
		return NULL;
	rest += strspn(rest, BLANKS);
	return mem_strndup(rest, strcspn(rest, BLANKS));
}

static bool is_worth_keeping(const char *line)
{
	if (!*line || *line == '#' || *line == ';')
		return false;
	_cleanup_free_ char *address = nameserver_of(line);
	return !address || !is_loopback(address);
}

char *network_filter_resolv_conf(const char *text)
{
	struct str kept = { 0 };
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; *line; line++)
		if (is_worth_keeping(*line))
			str_appendf(&kept, "%s\n", *line);
	return str_take(&kept);
}

/* --- the three files --- */

static int make_hosts(bool host_network, char **ret, struct error *err)
{
	if (host_network)
		return read_host_file(HOSTS, ret, err);
	*ret = mem_strdup(OWN_HOSTS);
	return 0;
}

static int make_resolv_conf(bool host_network, char **ret, struct error *err)
{
	_cleanup_free_ char *host = NULL;
	int r = read_host_file(RESOLV_CONF, &host, err);
	if (r < 0)
		return r;
	*ret = host_network ? TAKE_PTR(host) : network_filter_resolv_conf(host);
	return 0;
}

int network_files_make(const char *hostname, bool host_network, struct network_files *ret, struct error *err)
{
	_cleanup_network_files_ struct network_files files = { 0 };
	int r = make_hosts(host_network, &files.hosts, err);
	if (r < 0)
		return r;
	r = make_resolv_conf(host_network, &files.resolv_conf, err);
	if (r < 0)
		return r;
	files.hostname = mem_printf("%s\n", hostname);
	*ret = files;
	files = (struct network_files){ 0 };
	return 0;
}

void network_files_done(struct network_files *files)
{
	free(files->hostname);
	free(files->hosts);
	free(files->resolv_conf);
	*files = (struct network_files){ 0 };
}
