/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership in one place: a variable marked _cleanup_x_ releases what it holds when it goes out of scope.
 * TAKE_PTR() and TAKE_FD() hand the value to somebody else and leave the variable empty.
 */
#pragma once

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"

#define _cleanup_(destructor) __attribute__((cleanup(destructor)))

/* Define name##p(T *), which calls @destructor on a non-empty variable, for use with _cleanup_(). */
#define DEFINE_CLEANUP(type, destructor)                        \
	static inline void destructor##p(type *variable)        \
	{                                                       \
		if (*variable)                                  \
			destructor(*variable);                  \
	}                                                       \
	static_assert(1, "take a semicolon")

static inline void cleanup_free(void *variable)
{
	free(*(void **)variable);
}

static inline void cleanup_close(const int *fd)
{
	fd_close(*fd);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)
#define _cleanup_closedir_ _cleanup_(cleanup_closedir)

#define TAKE_PTR(variable)                             \
	({                                             \
		typeof(variable) *take_ = &(variable); \
		typeof(variable) value_ = *take_;      \
		*take_ = NULL;                         \
		value_;                                \
	})

#define TAKE_FD(variable)                  \
	({                                 \
		int *take_ = &(variable);  \
		int value_ = *take_;       \
		*take_ = -1;               \
		value_;                    \
	})
