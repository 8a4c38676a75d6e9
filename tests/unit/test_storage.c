/* SPDX-License-Identifier: Apache-2.0 */
/* The store: its shape, its locks, and what is put into it and taken out of it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "image/blob.h"
#include "image/digest.h"
#include "image/hash.h"
#include "storage/layer.h"
#include "storage/snapshot.h"
#include "storage/space.h"
#include "storage/store.h"

#define HEX_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX_B "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define DIGEST_A "sha256:" HEX_A
#define DIGEST_B "sha256:" HEX_B

struct fixture {
	char *path; /* of the store */
	char *parent;
	struct store *store;
};

static int setup(void **state)
{
	struct fixture *fixture = NEW(struct fixture);
	const char *base = getenv("TMPDIR");
	fixture->parent = mem_printf("%s/test-storage-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(fixture->parent));
	fixture->path = path_join(fixture->parent, "deep/store");
	assert_int_equal(store_open(fixture->path, &fixture->store, NULL), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	store_free(fixture->store);
	int r = path_remove_tree(AT_FDCWD, fixture->parent);
	free(fixture->path);
	free(fixture->parent);
	free(fixture);
	return r;
}

static bool exists(int dir, const char *path)
{
	return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static mode_t mode_of(int dir, const char *path)
{
	struct stat st;
	assert_int_equal(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & ALLPERMS;
}

static void write_file(int dir, const char *name, const char *text)
{
	assert_int_equal(file_write_atomic(dir, name, text, strlen(text), 0600, 0, NULL), 0);
}

/* --- The store itself --- */

static const char *const DIRECTORIES[] = { ".",	   "blobs", "blobs/sha256",  "layers", "snapshots",
					   "logs", "cache", "cache/seccomp", "tmp" };

static void test_everything_is_made_and_private(void **state)
{
	const struct fixture *fixture = *state;
	for (size_t i = 0; i < ARRAY_SIZE(DIRECTORIES); i++)
		assert_int_equal(mode_of(fixture->store->root, DIRECTORIES[i]), 0700);
	assert_string_equal(fixture->store->path, fixture->path);
	_cleanup_free_ char *layout = NULL;
	assert_int_equal(file_read(fixture->store->root, "oci-layout", 100, &layout, NULL, NULL), 0);
	assert_string_equal(layout, "{\"imageLayoutVersion\":\"1.0.0\"}\n");
	assert_true(exists(fixture->store->root, "index.json"));
}

static void test_the_mask_does_not_matter(void **state)
{
	const struct fixture *fixture = *state;
	static const mode_t masks[] = { 0, 022, 077 };
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		_cleanup_free_ char *path = mem_printf("%s/mask-%zu", fixture->parent, i);
		_cleanup_store_ struct store *store = NULL;
		mode_t before = umask(masks[i]);
		assert_int_equal(store_open(path, &store, NULL), 0);
		assert_int_equal(snapshot_create(store, HEX_A, 0, NULL), 0);
		umask(before);
		for (size_t k = 0; k < ARRAY_SIZE(DIRECTORIES); k++)
			assert_int_equal(mode_of(store->root, DIRECTORIES[k]), 0700);
		assert_int_equal(mode_of(store->snapshots, HEX_A), 0700);
		assert_int_equal(mode_of(store->snapshots, HEX_A "/upper"), 0755);
		assert_int_equal(mode_of(store->snapshots, HEX_A "/work"), 0700);
	}
}

static void test_an_open_door_is_closed(void **state)
{
	const struct fixture *fixture = *state;
	assert_int_equal(fchmod(fixture->store->root, 0755), 0);
	_cleanup_store_ struct store *again = NULL;
	assert_int_equal(store_open(fixture->path, &again, NULL), 0);
	assert_int_equal(mode_of(again->root, "."), 0700);
}

static void test_what_is_missing_is_made_again(void **state)
{
	const struct fixture *fixture = *state;
	assert_int_equal(unlinkat(fixture->store->root, "tmp", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(fixture->store->root, "oci-layout", 0), 0);
	write_file(fixture->store->root, "index.json", "kept");
	_cleanup_store_ struct store *again = NULL;
	assert_int_equal(store_open(fixture->path, &again, NULL), 0);
	assert_true(exists(again->root, "tmp"));
	assert_true(exists(again->root, "oci-layout"));
	_cleanup_free_ char *index = NULL;
	assert_int_equal(file_read(again->root, "index.json", 100, &index, NULL, NULL), 0);
	assert_string_equal(index, "kept");
}

static void test_relative_path(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_close_ int before = open(".", O_PATH | O_CLOEXEC);
	assert_int_equal(chdir(fixture->parent), 0);
	_cleanup_store_ struct store *again = NULL;
	int r = store_open("deep/store", &again, NULL);
	assert_int_equal(fchdir(before), 0);
	assert_int_equal(r, 0);
	assert_string_equal(again->path, fixture->path);
}

static void test_no_store_in_a_file(void **state)
{
	const struct fixture *fixture = *state;
	write_file(fixture->store->root, "file", "");
	_cleanup_free_ char *path = path_join(fixture->path, "file");
	struct store *store = NULL;
	struct error err = { 0 };
	assert_true(store_open(path, &store, &err) < 0);
	assert_null(store);
	assert_non_null(strstr(err.message, path));
}

static void collect(pid_t pid)
{
	int status;
	assert_int_equal(process_wait(pid, &status, NULL), 0);
	assert_int_equal(process_exit_code(status), 0);
}

static void test_many_open_a_new_store_at_once(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_free_ char *path = path_join(fixture->parent, "crowded/store");
	pid_t pids[8];
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct store *store;
			_exit(store_open(path, &store, NULL) < 0);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		collect(pids[i]);
}

static void test_lock(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_close_ int one = store_lock(fixture->store, false, NULL);
	_cleanup_close_ int two = store_lock(fixture->store, false, NULL);
	assert_true(one >= 0 && two >= 0);
	assert_int_equal(file_lock(fixture->store->root, "lock", true, false, NULL), -ERR_BUSY);
	fd_close(TAKE_FD(one));
	fd_close(TAKE_FD(two));
	_cleanup_close_ int alone = store_lock(fixture->store, true, NULL);
	assert_true(alone >= 0);
	assert_int_equal(file_lock(fixture->store->root, "lock", false, false, NULL), -ERR_BUSY);
}

/* --- tmp/ --- */

static void test_sweep_takes_what_nobody_holds(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = fixture->store;
	_cleanup_free_ char *held = NULL, *dropped = NULL;
	_cleanup_close_ int held_fd = store_stage(store, &held, NULL), dropped_fd = store_stage(store, &dropped, NULL);
	assert_true(held_fd >= 0 && dropped_fd >= 0);
	assert_int_equal(mode_of(store->tmp, held), 0700);
	assert_true(store_stage_name_is_valid(held));
	write_file(dropped_fd, "file", "text");
	write_file(store->tmp, "stray", "text");
	assert_int_equal(symlinkat("/etc", store->tmp, "link"), 0);
	fd_close(TAKE_FD(dropped_fd));

	assert_int_equal(store_sweep(store, NULL), 0);
	assert_true(exists(store->tmp, held));
	assert_false(exists(store->tmp, dropped));
	assert_false(exists(store->tmp, "stray"));
	assert_false(exists(store->tmp, "link"));
	assert_true(exists(AT_FDCWD, "/etc"));
}

static void test_sweep_takes_what_the_dead_have_left(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = fixture->store;
	int pipe_fds[2];
	char name[17] = "";
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char *staged;
		int fd = store_stage(store, &staged, NULL);
		_exit(fd < 0 || fd_write_all(pipe_fds[1], staged, 16) < 0 || pause() == 0);
	}
	assert_int_equal(fd_read_full(pipe_fds[0], name, 16), 16);
	assert_int_equal(store_sweep(store, NULL), 0);
	assert_true(exists(store->tmp, name));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(store_sweep(store, NULL), 0);
	assert_false(exists(store->tmp, name));
	fd_close(pipe_fds[0]);
	fd_close(pipe_fds[1]);
}

/* A container can make directories far deeper than any path is long. */
static void test_sweep_of_a_deep_tree(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = fixture->store;
	_cleanup_free_ char *name = NULL;
	int at = store_stage(store, &name, NULL);
	for (int depth = 0; depth < 5000; depth++) {
		assert_int_equal(mkdirat(at, "d", 0755), 0);
		write_file(at, "file", "");
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		fd_close(at);
		at = next;
	}
	fd_close(at);
	assert_int_equal(store_sweep(store, NULL), 0);
	assert_false(exists(store->tmp, name));
}

/* A directory that was given out is there, however many sweeps run meanwhile. */
static void test_stage_against_sweep(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = fixture->store;
	pid_t sweeper = fork();
	if (sweeper == 0)
		for (;;)
			(void)store_sweep(store, NULL);
	for (int i = 0; i < 2000; i++) {
		_cleanup_free_ char *name = NULL;
		_cleanup_close_ int fd = store_stage(store, &name, NULL);
		assert_true(fd >= 0);
		assert_true(exists(store->tmp, name));
	}
	assert_int_equal(kill(sweeper, SIGKILL), 0);
	assert_int_equal(waitpid(sweeper, NULL, 0), sweeper);
}

/* --- Names (S4) --- */

static const char *const BAD_DIGESTS[] = {
	"",
	"sha256",
	"sha256:",
	HEX_A,
	"sha256:../../../etc/passwd",
	"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
	DIGEST_A "0",
	"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
	"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde/",
	" " DIGEST_A,
	DIGEST_A "\n",
	"SHA256:" HEX_A,
	"sha512:" HEX_A HEX_A,
};

static void test_bad_names_reach_nothing(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = fixture->store;
	for (size_t i = 0; i < ARRAY_SIZE(BAD_DIGESTS); i++) {
		const char *bad = BAD_DIGESTS[i];
		assert_false(layer_exists(store, bad));
		assert_null(layer_path(store, bad));
		assert_int_equal(layer_remove(store, bad, NULL), -ERR_INVALID);
		assert_int_equal(layer_commit(store, "0123456789abcdef", bad, NULL), -ERR_INVALID);
		assert_false(blob_exists(store, bad));
		assert_int_equal(blob_open(store, bad, NULL), -ERR_IMG_REF);
		assert_int_equal(blob_remove(store, bad, NULL), -ERR_IMG_REF);
		assert_int_equal(blob_commit(store, store->tmp, "x", bad, NULL), -ERR_IMG_REF);
	}
	static const char *const bad_ids[] = { "", ".", "..", "../" HEX_A, HEX_A "/", HEX_A "0", DIGEST_A };
	for (size_t i = 0; i < ARRAY_SIZE(bad_ids); i++) {
		assert_int_equal(snapshot_create(store, bad_ids[i], 0, NULL), -ERR_INVALID);
		assert_int_equal(snapshot_remove(store, bad_ids[i], NULL), -ERR_INVALID);
		assert_null(snapshot_upper(store, bad_ids[i]));
		assert_null(snapshot_work(store, bad_ids[i]));
	}
	static const char *const bad_stages[] = { "", ".", "..", "../layers", "0123456789abcde", "0123456789ABCDEF" };
	for (size_t i = 0; i < ARRAY_SIZE(bad_stages); i++)
		assert_int_equal(layer_commit(store, bad_stages[i], DIGEST_A, NULL), -ERR_INTERNAL);
}

static void test_digest_messages(void **state)
{
	static const struct {
		const char *digest, *message;
	} cases[] = {
		{ "sha256:abcd", "digest needs 64 hex digits, has 4" },
		{ "abcd", "digest \"abcd\" has no algorithm in front (\"sha256:\")" },
		{ "md5:abcd", "digest algorithm \"md5\" is not supported, only sha256 is" },
		{ "sha256:abCd", "digest has 'C' where only 0-9 and a-f may be (character 10)" },
		{ "sha256:\x1b[31m", "digest has '\\x1b' where only 0-9 and a-f may be (character 8)" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		assert_int_equal(digest_check(cases[i].digest, &err), -ERR_IMG_REF);
		assert_string_equal(err.message, cases[i].message);
	}
	assert_int_equal(digest_check(DIGEST_A, NULL), 0);
	assert_string_equal(digest_hex(DIGEST_A), HEX_A);
}

/* --- Layers --- */

static char *stage_layer(struct store *store, const char *text)
{
	char *name = NULL;
	_cleanup_close_ int fd = store_stage(store, &name, NULL);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0751), 0);
	write_file(fd, "file", text);
	return name;
}

static void test_layer_comes_and_goes(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = fixture->store;
	assert_false(layer_exists(store, DIGEST_A));
	_cleanup_free_ char *name = stage_layer(store, "first");
	assert_int_equal(layer_commit(store, name, DIGEST_A, NULL), 0);
	assert_true(layer_exists(store, DIGEST_A));
	assert_false(exists(store->tmp, name));
	assert_int_equal(mode_of(store->layers, HEX_A), 0751);
	_cleanup_free_ char *path = layer_path(store, DIGEST_A), *expected = path_join(fixture->path, "layers/" HEX_A);
	assert_string_equal(path, expected);

	assert_int_equal(layer_remove(store, DIGEST_A, NULL), 0);
	assert_false(layer_exists(store, DIGEST_A));
	assert_int_equal(layer_remove(store, DIGEST_A, NULL), 0);
	assert_int_equal(store_sweep(store, NULL), 0);
}

static void test_second_copy_of_a_layer(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = fixture->store;
	_cleanup_free_ char *first = stage_layer(store, "first"), *second = stage_layer(store, "second");
	assert_int_equal(layer_commit(store, first, DIGEST_A, NULL), 0);
	assert_int_equal(layer_commit(store, second, DIGEST_A, NULL), 0);
	assert_false(exists(store->tmp, second));
	_cleanup_free_ char *text = NULL;
	assert_int_equal(file_read(store->layers, HEX_A "/file", 100, &text, NULL, NULL), 0);
	assert_string_equal(text, "first");
}

static void test_layer_of_nothing(void **state)
{
	const struct fixture *fixture = *state;
	struct error err = { 0 };
	assert_int_equal(layer_commit(fixture->store, "0123456789abcdef", DIGEST_A, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.message, DIGEST_A));
	assert_false(layer_exists(fixture->store, DIGEST_A));
}

/* A file under a layer's name is not one. */
static void test_a_file_is_no_layer(void **state)
{
	const struct fixture *fixture = *state;
	write_file(fixture->store->layers, HEX_A, "");
	assert_false(layer_exists(fixture->store, DIGEST_A));
}

/* --- Snapshots --- */

static void test_snapshots(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = fixture->store;
	assert_int_equal(snapshot_create(store, HEX_A, 0, NULL), 0);
	struct error err = { 0 };
	assert_int_equal(snapshot_create(store, HEX_A, 0, &err), -ERR_EXISTS);
	assert_int_equal(snapshot_create(store, HEX_B, 0, NULL), 0);
	assert_int_equal(mkdirat(store->snapshots, "not-one", 0700), 0);

	_cleanup_strv_ char **ids = NULL;
	assert_int_equal(snapshot_list(store, &ids, NULL), 0);
	assert_int_equal(strv_count(ids), 2);
	assert_true(strv_contains(ids, HEX_A) && strv_contains(ids, HEX_B));

	_cleanup_free_ char *upper = snapshot_upper(store, HEX_A), *work = snapshot_work(store, HEX_A);
	assert_true(str_starts_with(upper, fixture->path) && str_ends_with(upper, HEX_A "/upper"));
	assert_true(exists(AT_FDCWD, upper) && exists(AT_FDCWD, work));

	assert_int_equal(snapshot_remove(store, HEX_A, NULL), 0);
	assert_false(exists(AT_FDCWD, upper));
	assert_int_equal(snapshot_remove(store, HEX_A, NULL), 0);
	_cleanup_strv_ char **left = NULL;
	assert_int_equal(snapshot_list(store, &left, NULL), 0);
	assert_int_equal(strv_count(left), 1);
	/* Nothing of the failed or removed ones stays in tmp/, so that it can be removed. */
	assert_int_equal(unlinkat(store->root, "tmp", AT_REMOVEDIR), 0);
}

/* --- Blobs --- */

static void test_blobs(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = fixture->store;
	struct error err = { 0 };
	assert_int_equal(blob_open(store, DIGEST_A, &err), -ERR_NOT_FOUND);
	write_file(store->tmp, "download", "hello");
	assert_int_equal(blob_commit(store, store->tmp, "download", DIGEST_A, NULL), 0);
	assert_true(blob_exists(store, DIGEST_A));
	assert_false(exists(store->tmp, "download"));

	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	assert_int_equal(blob_read(store, DIGEST_A, 5, &text, &len, NULL), 0);
	assert_string_equal(text, "hello");
	assert_int_equal(len, 5);
	char *unread = NULL;
	assert_int_equal(blob_read(store, DIGEST_A, 4, &unread, NULL, NULL), -ERR_INVALID);
	assert_null(unread);

	assert_int_equal(blob_remove(store, DIGEST_A, NULL), 0);
	assert_false(blob_exists(store, DIGEST_A));
	assert_int_equal(blob_remove(store, DIGEST_A, NULL), 0);
}

static void test_a_link_is_no_blob(void **state)
{
	const struct fixture *fixture = *state;
	assert_int_equal(symlinkat("/etc/passwd", fixture->store->blobs, HEX_A), 0);
	assert_false(blob_exists(fixture->store, DIGEST_A));
	assert_true(blob_open(fixture->store, DIGEST_A, NULL) < 0);
}

/* FIPS 180-2, appendix B; and the empty text. */
static void test_hash(void **state)
{
	char digest[DIGEST_TEXT_LENGTH + 1];
	_cleanup_hash_ struct hash *hash = NULL;
	assert_int_equal(hash_new(&hash, NULL), 0);
	hash_update(hash, "a", 1);
	hash_update(hash, "", 0);
	hash_update(hash, "bc", 2);
	assert_int_equal(hash_finish(hash, digest, NULL), 0);
	assert_string_equal(digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(hash_finish(hash, digest, NULL), 0);
	assert_string_equal(digest, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_true(digest_is_valid(digest));
}

/* --- Full file systems --- */

/* A small tmpfs that is mounted nowhere; -1 if that is not permitted here. */
static int small_tmpfs(const char *key, const char *value)
{
	_cleanup_close_ int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	assert_int_equal(fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0), 0);
	assert_int_equal(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	return fsmount(fs, FSMOUNT_CLOEXEC, 0);
}

static void fill(int dir)
{
	static char zeros[64 * 1024];
	_cleanup_close_ int fd = openat(dir, "filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, zeros, sizeof zeros) > 0)
		;
}

static void test_no_space_is_explained(void **state)
{
	_cleanup_close_ int dir = small_tmpfs("size", "1m");
	if (dir < 0)
		skip();
	fill(dir);
	struct error err = { 0 };
	int r = space_explain(err_sys(&err, ENOSPC, "write 'x'"), dir, UINT64_C(210) << 20, &err);
	assert_int_equal(r, -ERR_NOSPC);
	assert_string_equal(err.message, "write 'x': no space left on device");
	assert_non_null(strstr(err.cause, "0 bytes free, needs 210 MiB"));
}

static void test_no_inodes_are_explained(void **state)
{
	_cleanup_close_ int dir = small_tmpfs("nr_inodes", "20");
	if (dir < 0)
		skip();
	_cleanup_free_ char *path = path_join(fd_path(dir).text, "store");
	_cleanup_store_ struct store *store = NULL;
	assert_int_equal(store_open(path, &store, NULL), 0);
	struct error err = { 0 };
	int r = 0;
	for (int i = 0; i < 40 && r >= 0; i++) {
		_cleanup_free_ char *name = NULL;
		r = store_stage(store, &name, &err);
		fd_close(r);
	}
	assert_int_equal(r, -ERR_NOINODE);
	assert_non_null(strstr(err.cause, "0 of 20 inodes free (space is fine: "));

	struct error other = { 0 };
	err_sys(&other, ENOSPC, "write");
	store_explain_full(store, &other);
	assert_int_equal(other.code, ERR_NOINODE);
}

static void test_other_errors_are_left_alone(void **state)
{
	struct error err = { 0 };
	assert_int_equal(space_explain(err_sys(&err, EIO, "write"), AT_FDCWD, 0, &err), -ERR_SYSTEM);
	assert_string_equal(err.cause, "");
	assert_int_equal(space_explain(-ERR_NOSPC, AT_FDCWD, 0, NULL), -ERR_NOSPC);
}

static void test_the_place_has_a_name(void **state)
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_CLOEXEC);
	char place[256];
	assert_string_equal(space_place(proc, place, sizeof place), "/proc (proc proc)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_everything_is_made_and_private),
		TEST(test_the_mask_does_not_matter),
		TEST(test_an_open_door_is_closed),
		TEST(test_what_is_missing_is_made_again),
		TEST(test_relative_path),
		TEST(test_no_store_in_a_file),
		TEST(test_many_open_a_new_store_at_once),
		TEST(test_lock),
		TEST(test_sweep_takes_what_nobody_holds),
		TEST(test_sweep_takes_what_the_dead_have_left),
		TEST(test_sweep_of_a_deep_tree),
		TEST(test_stage_against_sweep),
		TEST(test_bad_names_reach_nothing),
		cmocka_unit_test(test_digest_messages),
		TEST(test_layer_comes_and_goes),
		TEST(test_second_copy_of_a_layer),
		TEST(test_layer_of_nothing),
		TEST(test_a_file_is_no_layer),
		TEST(test_snapshots),
		TEST(test_blobs),
		TEST(test_a_link_is_no_blob),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_no_space_is_explained),
		cmocka_unit_test(test_no_inodes_are_explained),
		cmocka_unit_test(test_other_errors_are_left_alone),
		cmocka_unit_test(test_the_place_has_a_name),
	};
	return cmocka_run_group_tests_name("storage", tests, NULL, NULL);
}
