/* SPDX-License-Identifier: Apache-2.0 */
#include "network/netns-work.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

/* Between the one who waits and the one who works: whose turn it is, and to do what. */
struct visit {
	pthread_mutex_t mutex;
	pthread_cond_t turn;
	int netns;
	netns_work_function inside, outside; /* outside: NULL while there is nothing to do there */
	void *argument, *outside_argument;
	struct error *err, *outside_err;
	int result, outside_result;
	bool ended;
};

static _Thread_local struct visit *visiting;

bool netns_work_is_inside(void)
{
	return visiting;
}

/* --- inside --- */

static int work(struct visit *visit)
{
	if (setns(visit->netns, CLONE_NEWNET) < 0)
		return err_sys(visit->err, errno, "enter a network namespace");
	return visit->inside(visit->argument, visit->err);
}

static void *run(void *argument)
{
	struct visit *visit = argument;
	visiting = visit;
	int r = work(visit);
	pthread_mutex_lock(&visit->mutex);
	visit->result = r;
	visit->ended = true;
	pthread_cond_broadcast(&visit->turn);
	pthread_mutex_unlock(&visit->mutex);
	return NULL;
}

int netns_work_outside(netns_work_function function, void *argument, struct error *err)
{
	struct visit *visit = visiting;
	if (!visit)
		return function(argument, err);
	pthread_mutex_lock(&visit->mutex);
	visit->outside = function;
	visit->outside_argument = argument;
	visit->outside_err = err;
	pthread_cond_broadcast(&visit->turn);
	while (visit->outside)
		pthread_cond_wait(&visit->turn, &visit->mutex);
	int r = visit->outside_result;
	pthread_mutex_unlock(&visit->mutex);
	return r;
}

/* --- outside --- */

static void serve(struct visit *visit)
{
	pthread_mutex_lock(&visit->mutex);
	while (!visit->ended) {
		if (!visit->outside) {
			pthread_cond_wait(&visit->turn, &visit->mutex);
			continue;
		}
		visit->outside_result = visit->outside(visit->outside_argument, visit->outside_err);
		visit->outside = NULL;
		pthread_cond_broadcast(&visit->turn);
	}
	pthread_mutex_unlock(&visit->mutex);
}

/* Signals are for the one who waits. */
static int start(struct visit *visit, pthread_t *ret)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(ret, NULL, run, visit);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int netns_work(int netns, netns_work_function function, void *argument, struct error *err)
{
	struct visit visit = {
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.turn = PTHREAD_COND_INITIALIZER,
		.netns = netns,
		.inside = function,
		.argument = argument,
		.err = err,
	};
	pthread_t thread;
	int r = start(&visit, &thread);
	if (r != 0)
		return err_sys(err, r, "make a thread");
	serve(&visit);
	pthread_join(thread, NULL);
	return visit.result;
}
