/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File descriptors. Every one is O_CLOEXEC from birth and -1 while it holds nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* close() that keeps errno and takes a negative fd for nothing. */
void fd_close(int fd);

/* Write everything, through short writes and EINTR. Returns 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t len);

/* Read until @len bytes or the end of file. Returns the number of bytes or -errno. */
ssize_t fd_read_full(int fd, void *buf, size_t len);

/*
 * Read the rest of @fd, at most @max bytes; more is an error (ERR_INVALID). The result is terminated, its length in
 * *ret_len (may be NULL); free() it. @what names the source in messages.
 */
int fd_read_text(int fd, size_t max, const char *what, char **ret, size_t *ret_len, struct error *err);

/* "/proc/self/fd/N": a path to what @fd is open on, for calls that know only paths. */
struct fd_path {
	char text[32];
};
struct fd_path fd_path(int fd);

/* Open anew what @fd (O_PATH, say) stands for, with other flags. Returns the fd or -errno. */
int fd_reopen(int fd, int flags);

/* Let the program that we execute next inherit @fd, or not. */
int fd_set_cloexec(int fd, bool cloexec);
int fd_set_nonblocking(int fd, bool nonblocking);

/* Close, or mark close-on-exec, every fd from @first up. */
void fd_close_from(int first);
void fd_cloexec_from(int first);

/* Close every fd from @first up but those in @keep (which may hold -1s). */
void fd_close_from_except(int first, const int *keep, size_t n_keep);

/* Move @fd to @first or higher (keeps standard streams' numbers free for whom they belong to). */
int fd_move_above(int fd, int first);

/* Open /dev/null on those of 0, 1 and 2 that are closed, so that no other file ever gets their numbers. */
int fd_fill_standard(void);

/* A stream socket that is connected to the one at @path, or -errno. */
int fd_connect_unix(const char *path);

/* Send or receive up to FD_PASS_MAX descriptors with a message over a unix socket. */
enum { FD_PASS_MAX = 16 };
int fd_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds);

/*
 * Receive one message; the descriptors come O_CLOEXEC and *ret_n_fds says how many there were. More than @n_fds of them
 * are closed. Returns the number of bytes, 0 at the end, or -errno.
 */
ssize_t fd_receive(int sock, void *buf, size_t len, int *fds, size_t n_fds, size_t *ret_n_fds);
