/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mount begins with what it hides: a tmpfs with "tmpcopyup", a new volume.
 * Source: runc's and crun's mount option of that name.
 */
#pragma once

#include "base/error.h"

/*
 * Copy what is in directory @from (an fd, O_PATH will do) to the empty directory @to: files, directories, links, nodes;
 * their modes, owners, times and extended attributes. Links are copied, never followed, and everything is reached from the
 * two fds. Errors name the file, below @name.
 */
int copy_up(int from, int to, const char *name, struct error *err);

/* The same, and the directory's own mode, owner, times and attributes: @from has to be open for reading. */
int copy_up_directory(int from, int to, const char *name, struct error *err);
