/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/command.h"

enum { PASSWORD_MAX = 64 * 1024 };

struct login_options {
	char *user, *password;
	bool password_stdin;
};

static void options_forget(void *data)
{
	struct login_options *options = data;
	if (options->password)
		explicit_bzero(options->password, strlen(options->password));
}

static void show_success(const struct login_answer *answer)
{
	if (answer->stored && answer->plain)
		fprintf(stderr, "WARNING! Your credentials are stored unencrypted in '%s'.\n", answer->stored);
	puts("Login Succeeded");
}

static int log_in(struct cli *cli, const char *registry, const struct login_options *options, struct error *err)
{
	struct login_answer answer = { 0 };
	int r = engine_login(cli->engine, registry, options->user, options->password, &answer, err);
	if (r < 0)
		return r;
	show_success(&answer);
	login_answer_done(&answer);
	return 0;
}

/* With those that are kept: 1, or 0 if there are none, or none that do. */
static int log_in_again(struct cli *cli, const char *registry, struct error *err)
{
	struct login_answer answer = { 0 };
	struct error why = { 0 };
	int r = engine_login(cli->engine, registry, NULL, NULL, &answer, &why);
	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r == -ERR_REG_AUTH) {
		fprintf(stderr, "Login did not succeed, error: %s\n", why.message);
		return 0;
	}
	if (r < 0) {
		*err = why;
		return r;
	}
	printf("Authenticating with existing credentials... [Username: %s]\n", answer.user ? answer.user : "");
	show_success(&answer);
	login_answer_done(&answer);
	return 1;
}

/* All of standard input, without the newline at its end. */
static int read_password(char **ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = fd_read_text(STDIN_FILENO, PASSWORD_MAX, "the password", &text, &len, err);
	if (r < 0)
		return r;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	if (len == 0)
		return err_set(err, ERR_USAGE, "password is empty");
	*ret = TAKE_PTR(text);
	return 0;
}

static int ask_for(struct login_options *options, struct error *err)
{
	if (!isatty(STDIN_FILENO)) {
		(void)err_set(err, ERR_TTY, "Cannot perform an interactive login from a non TTY device");
		return err_hint(err, "coffer login -u USER --password-stdin SERVER");
	}
	int r = options->user ? 0 : ask_line("Username: ", false, &options->user, err);
	if (r >= 0 && str_is_empty(options->user))
		r = err_set(err, ERR_USAGE, "username is empty");
	if (r >= 0 && !options->password)
		r = ask_line("Password: ", true, &options->password, err);
	if (r >= 0 && str_is_empty(options->password))
		r = err_set(err, ERR_USAGE, "password is empty");
	return r;
}

static int check_options(const struct login_options *options, struct error *err)
{
	if (options->password && options->password_stdin)
		return err_set(err, ERR_USAGE, "--password and --password-stdin are mutually exclusive");
	if (options->password_stdin && str_is_empty(options->user))
		return err_set(err, ERR_USAGE, "Must provide --username with --password-stdin");
	return 0;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	struct login_options *options = data;
	_cleanup_free_ char *registry = registry_of_server(args[0]);
	int r = check_options(options, err);
	if (r < 0)
		return r;
	if (options->password)
		fputs("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n", stderr);
	if (options->password_stdin)
		r = read_password(&options->password, err);
	if (r >= 0 && !options->user && !options->password) {
		r = log_in_again(cli, registry, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	if (r >= 0 && (str_is_empty(options->user) || str_is_empty(options->password)))
		r = ask_for(options, err);
	return r < 0 ? r : log_in(cli, registry, options, err);
}

static const struct option OPTIONS[] = {
	OPT_STRING(struct login_options, password, 'p', "password", "string",
		   "Password, for everybody on this machine to see"),
	OPT_BOOL(struct login_options, password_stdin, 0, "password-stdin", "Take the password from standard input"),
	OPT_STRING(struct login_options, user, 'u', "username", "string", "Username"),
	OPT_END,
};

const struct command command_login = {
	.name = "login",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] [SERVER]",
	.summary = "Log in to a registry",
	.description =
		"Asks the registry whether it takes the name and the password, and keeps them where Docker does: in "
		"*~/.docker/config.json* (or *$DOCKER_CONFIG*), or with the programs *docker-credential-NAME* that this file "
		"names as *credsStore* or *credHelpers*. A token that the registry gives is kept in the password's place.\n\n"
		"Without a name, those that are kept are tried first. Without a server, it is Docker's own registry.",
	.examples =
		(const struct example[]){
			{ "login -u me localhost:5000", "Asks for the password" },
			{ "login -u me --password-stdin example.org <secret", "In a script" },
			{ 0 },
		},
	.min_args = 0,
	.max_args = 1,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct login_options),
	.run = run,
	.done = options_forget,
};
