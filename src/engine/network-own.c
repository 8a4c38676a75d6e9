/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/network-row.h"
#include "engine/network-user.h"
#include "engine/network-way.h"
#include "network/netns.h"

#define DIRECTORY "own-network"
#define NAMESPACE "bridges"
#define MAKER_LOCK "maker.lock"

enum { DIRECTORY_MODE = 0700, FILE_MODE = 0600 };

/* --- the directory --- */

static char *directory_of(const struct engine *engine)
{
	return path_join(engine->runroot, DIRECTORY);
}

/* Returns it open and locked; -EWOULDBLOCK, without words, where somebody is in there and @alone is wanted. */
static int lock(const char *directory, bool alone, struct error *err)
{
	if (mkdir(directory, DIRECTORY_MODE) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory '%s'", directory);
	_cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && flock(fd, alone ? LOCK_EX | LOCK_NB : LOCK_SH) == 0)
		return TAKE_FD(fd);
	return alone && errno == EWOULDBLOCK ? -EWOULDBLOCK : err_sys(err, errno, "lock directory '%s'", directory);
}

/* --- the namespace --- */

/* -1 if there is none. */
static int find(const char *directory)
{
	_cleanup_free_ char *path = path_join(directory, NAMESPACE);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET ? TAKE_FD(fd) : -1;
}

static int keep(const char *directory, int netns, struct error *err)
{
	_cleanup_free_ char *path = path_join(directory, NAMESPACE);
	_cleanup_close_ int file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	struct fd_path source = fd_path(netns);
	if (file < 0 || mount(source.text, path, NULL, MS_BIND, NULL) < 0)
		return err_sys(err, errno, "keep a network namespace at '%s'", path);
	return 0;
}

/* A way out that runs is of one that is gone (NO2). */
static int make(const char *directory, struct error *err)
{
	_cleanup_netns_ struct netns netns = NETNS_NONE;
	way_out_stop(directory);
	int r = netns_make_apart(-1, true, &netns, err);
	if (r >= 0)
		r = keep(directory, netns.fd, err);
	return r < 0 ? r : TAKE_FD(netns.fd);
}

static void end(const char *directory)
{
	_cleanup_free_ char *path = path_join(directory, NAMESPACE);
	way_out_stop(directory);
	if (umount2(path, MNT_DETACH) < 0 || unlink(path) < 0)
		log_debug("network: '%s' cannot be removed: errno %d", path, errno);
}

/* --- coming and going --- */

/* Those who are in there reach each other without it. */
static void lead_out(const char *directory, int netns)
{
	const struct published_list none = { 0 };
	struct error why = { 0 };
	if (way_out_start(directory, netns, NULL, &none, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "your networks lead nowhere", &why);
}

/* @held: the directory, locked. Of several who come at once, one makes what is missing. */
static int find_or_make(const char *directory, int held, bool leads_out, struct error *err)
{
	_cleanup_close_ int alone = file_lock(held, MAKER_LOCK, true, true, err);
	_cleanup_close_ int netns = alone < 0 ? alone : find(directory);
	if (alone >= 0 && netns < 0)
		netns = make(directory, err);
	if (netns < 0)
		return netns;
	if (leads_out && !way_out_is_running(directory))
		lead_out(directory, netns);
	return TAKE_FD(netns);
}

/* Returns the namespace, which stays as long as *ret_lock is held. */
static int come(const char *directory, bool leads_out, int *ret_lock, struct error *err)
{
	_cleanup_close_ int held = lock(directory, false, err);
	_cleanup_close_ int netns = held < 0 ? held : find(directory);
	if (held >= 0 && (netns < 0 || (leads_out && !way_out_is_running(directory)))) {
		fd_close(netns);
		netns = find_or_make(directory, held, leads_out, err);
	}
	if (netns < 0)
		return netns;
	*ret_lock = TAKE_FD(held);
	return TAKE_FD(netns);
}

/* Whoever else is there will look when he goes. */
static void go(struct engine *engine, const char *directory)
{
	_cleanup_close_ int held = lock(directory, true, NULL);
	struct db *db;
	if (held >= 0 && engine_db(engine, &db, NULL) >= 0 && endpoint_row_any(db, NULL) == 0)
		end(directory);
}

int network_own_work(struct engine *engine, bool leads_out, netns_work_function work, void *argument, struct error *err)
{
	if (netns_work_is_inside() || !network_is_of_user())
		return work(argument, err);
	_cleanup_free_ char *directory = directory_of(engine);
	_cleanup_close_ int held = -1;
	_cleanup_close_ int netns = come(directory, leads_out, &held, err);
	int r = netns < 0 ? netns : netns_work(netns, work, argument, err);
	fd_close(TAKE_FD(held));
	fd_close(TAKE_FD(netns));
	go(engine, directory);
	return r;
}
