/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/confirm.h"

#include <ctype.h>
#include <stdio.h>

#include "base/str.h"

int confirm(const char *warning, bool force, struct error *err)
{
	char answer[16];
	if (force)
		return 0;
	printf("%s\nAre you sure you want to continue? [y/N] ", warning);
	fflush(stdout);
	if (fgets(answer, sizeof answer, stdin) && tolower((unsigned char)answer[0]) == 'y' && strchr("\n", answer[1]))
		return 0;
	return err_set(err, ERR_CANCELLED, "cancelled: nothing was removed");
}
