#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What people type without thinking: command lines of Docker's documentation and of thousands of answers, as they are, with
# `alias docker=coffer`. Each works, or says something better than "unknown".
# shellcheck disable=SC2030,SC2031 # bats runs every test in a subshell

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network

setup_file() {
	network_file_setup
	local name
	for name in nginx ubuntu:22.04 ubuntu alpine busybox redis:7 postgres:16 node:20 python:3.12 hello-world; do
		coffer tag box:1 "$name"
	done
	coffer run -d --name web nginx httpd -f >/dev/null
	coffer run -d --name db redis:7 sleep 10000 >/dev/null
	coffer run --name ended busybox sh -c 'echo finished; exit 3' >/dev/null || true
	mkdir "$BATS_FILE_TMPDIR/work"
}

teardown_file() {
	network_file_teardown
}

setup() {
	cd "$BATS_FILE_TMPDIR/work" || return
	echo VAR=1 >env.list
	echo hello >file.txt
}

docker() {
	coffer "$@"
}

# try LINE EXPECTED: run by the shell; EXPECTED is "ok", a status, or words of a refusal.
try() {
	status=0
	output=$(eval "$1" 2>&1) || status=$?
	case $2 in
	ok) [ "$status" -eq 0 ] ;;
	[0-9]*) [ "$status" -eq "$2" ] ;;
	*) [ "$status" -ne 0 ] && [[ $output == *"$2"* ]] && [[ $output != *'unknown flag'* ]] && [[ $output != *'unknown shorthand'* ]] ;;
	esac || {
		echo "$1: expected '$2', but: $status"
		echo "$output" | tail -5
		return 1
	}
}

try_all() {
	local line failed=0
	while IFS= read -r line; do
		if [[ $line == *' => '* ]]; then
			try "${line%% => *}" "${line##* => }" || failed=1
		else
			try "$line" ok || failed=1
		fi
	done
	return "$failed"
}

@test "run" {
	try_all <<-'LINES'
		docker run hello-world true
		docker run --rm busybox echo hi
		docker run --rm -it --name shell ubuntu:22.04 bash </dev/null => input device is not a TTY
		docker run --rm -t ubuntu ls /
		docker run --rm -i alpine cat <file.txt
		echo hi | docker run --rm -i busybox sh -c 'cat'
		docker run -d -p 18080:80 --name site nginx httpd -f
		docker run -dit --name box2 alpine
		docker run -itd --name box3 alpine sh
		docker run -d --name opts --restart=always -e A=b -e C -v "$PWD":/data -w /data --memory=64m --cpus=.5 alpine sleep 1000
		docker run -d --restart unless-stopped --name keep -p 127.0.0.1:18081:80/tcp -v data:/var/lib/data redis:7 sleep 1000
		docker run --rm -v $(pwd):/app -w /app node:20 ls
		docker run --rm -v "$PWD/file.txt:/f:ro" alpine cat /f
		docker run --rm --mount type=bind,source="$PWD",target=/app busybox ls /app
		docker run --rm --mount type=volume,src=data,dst=/data busybox ls /data
		docker run --rm --mount type=tmpfs,destination=/cache busybox ls /cache
		docker run --rm --env-file env.list alpine env
		docker run --rm --env-file=./env.list -e VAR=2 alpine env
		docker run --rm --user 1000:1000 alpine id
		docker run --rm -u $(id -u):$(id -g) alpine id
		docker run --rm --entrypoint sh alpine -c 'exit 0'
		docker run --rm --entrypoint="" alpine ls
		docker run --rm --net=host alpine true
		docker run --rm --network=none alpine true
		docker run --rm --network container:web alpine true
		docker run --rm --privileged alpine true
		docker run --rm --cap-add=NET_ADMIN --cap-drop=ALL alpine true
		docker run --rm --cap-add SYS_PTRACE --security-opt seccomp=unconfined alpine true
		docker run --rm --read-only --tmpfs /run --tmpfs /tmp:size=1m alpine true
		docker run --rm --ulimit nofile=1024:1024 --ulimit core=-1 alpine true
		docker run --rm --shm-size=256m alpine true
		docker run --rm --hostname h --add-host a:10.0.0.1 --dns 10.0.0.2 alpine hostname
		docker run --rm --pid=host alpine true
		docker run --rm --init alpine true
		docker run --rm --device=/dev/null:/dev/x alpine true
		docker run --rm --gpus all alpine true => --device
		docker run --rm --log-driver=json-file --log-opt max-size=10m --log-opt max-file=3 alpine true
		docker run --rm --label com.example=1 -l b=2 alpine true
		docker run --rm --platform linux/amd64 alpine true || docker run --rm alpine true
		docker run --rm --pull=never alpine true
		docker run --rm --pull never nosuch true => No such image
		docker run --rm --sysctl net.core.somaxconn=1024 alpine true
		docker run --rm --health-cmd='true' --health-interval=5s alpine true
		docker run --rm --stop-timeout 1 --stop-signal SIGINT alpine true
		docker run --rm --oom-kill-disable=false -m 64m --memory-swap -1 alpine true
		docker run --rm --cpuset-cpus 0 -c 512 --pids-limit 100 alpine true
		docker run --rm -P --expose 8080 alpine true
		docker run --rm --link web:web alpine true => find each other by name
		docker run --rm --volumes-from db alpine true
		docker run --rm alpine sh -c 'exit 7' => 7
		docker run --rm alpine nosuchprogram => 127
		docker run --rm alpine /etc => 126
		docker run => 'coffer run' requires at least 1 argument
		docker run --rm --name=web alpine => is already in use by container
	LINES
}

@test "what runs" {
	try_all <<-'LINES'
		docker ps
		docker ps -a
		docker ps -aq
		docker ps -q --no-trunc
		docker ps -l
		docker ps -lq
		docker ps -n 3 -s
		docker ps --filter name=web --format '{{.Names}}'
		docker ps -a -f status=exited -f ancestor=busybox
		docker ps --format "table {{.ID}}\t{{.Image}}\t{{.Status}}\t{{.Ports}}"
		docker ps -a --format json
		docker ps --filter publish=18080 --filter "label=a"
		docker container ls --all
		docker container ls -aq --filter "exited=3"
		docker logs web
		docker logs --tail 10 -t ended
		docker logs -n 1 ended
		docker logs --since 10m --until 1s ended
		docker logs -f ended
		docker logs web 2>&1 | head -1
		docker inspect web
		docker inspect -f '{{.State.Running}}' web
		docker inspect --format='{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web
		docker inspect -f '{{ .NetworkSettings.IPAddress }}' web
		docker inspect -f '{{json .Config.Env}}' web db
		docker inspect --type=container -s web
		docker inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.RestartCount}}' web
		docker inspect -f '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}' site
		docker inspect nosuch => No such object: nosuch
		docker top web
		docker top web -eo pid,comm
		docker stats --no-stream
		docker stats --no-stream --format "{{.Name}}: {{.CPUPerc}} {{.MemUsage}}" web
		docker port site
		docker port site 80/tcp
		docker diff web
		docker exec web ls
		docker exec -u 0 -w /tmp -e A=b web env
		docker exec -it web sh </dev/null => input device is not a TTY
		docker exec -i web sh -c 'cat' <file.txt
		docker exec -d web sleep 1
		docker exec nosuch ls => No such container: nosuch
		docker exec ended ls => is not running
		docker cp file.txt web:/tmp/
		docker cp web:/etc/passwd .
		docker cp web:/etc/passwd - >/dev/null
		docker cp - web:/tmp < <(tar -c file.txt)
		docker events --since 1h --until 0s --filter type=container
		docker events --since 1h --until 0s --format '{{json .}}'
		docker update --memory 80m --memory-swap -1 opts
		docker update --restart=no opts
		docker rename box2 box4
		docker attach --no-stdin ended => cannot attach to a stopped container
		docker wait ended
		docker pause web db
		docker unpause web db
		docker kill -s HUP db
		docker kill --signal=SIGUSR1 nosuch => No such container: nosuch
		docker restart -t 1 db
		docker container restart --time=1 db
	LINES
}

@test "images, networks, volumes, the system" {
	try_all <<-'LINES'
		docker images
		docker images -a -q
		docker images --filter dangling=true -q
		docker images --format '{{.Repository}}:{{.Tag}} {{.Size}}'
		docker images ubuntu
		docker image ls
		docker image ls --digests --no-trunc
		docker image inspect -f '{{.Id}}' nginx
		docker image history nginx
		docker history --no-trunc nginx
		docker tag nginx me/nginx:v1
		docker rmi me/nginx:v1
		docker image rm -f me/nginx:v1 => No such image: me/nginx:v1
		docker save -o nginx.tar nginx
		docker save nginx busybox | gzip >all.tar.gz
		docker load -i nginx.tar
		docker load < all.tar.gz
		docker image prune -f
		docker image prune -a --force --filter until=24h
		docker export web | tar -t >/dev/null
		docker export -o web.tar web
		docker import web.tar imported:1
		docker pull nosuch.invalid/x => cannot pull
		docker network ls
		docker network create --driver bridge my-net
		docker network create --subnet=172.28.0.0/16 other-net
		docker network connect my-net web
		docker network disconnect my-net web
		docker network inspect bridge
		docker network rm my-net other-net
		docker network prune -f
		docker volume create my-vol
		docker volume ls -q
		docker volume inspect my-vol
		docker volume rm my-vol
		docker volume prune -f
		docker volume prune --all --force
		docker info
		docker info --format '{{.ServerVersion}} {{.Driver}}'
		docker version
		docker version --format '{{.Server.Version}}'
		docker --version
		docker -v
		docker system df
		docker system df -v
		docker system info
		docker system events --since 1s --until 0s
		docker help
		docker help run
		docker run --help
		docker container --help
		docker --help
		docker compose up => unknown command: coffer compose
		docker build -t x . => unknown command: coffer build
		docker swarm init => unknown command: coffer swarm
		docker imgaes => did you mean coffer images
	LINES
}

@test "the end" {
	try_all <<-'LINES'
		docker stop -t 1 web
		docker stop --time=1 db nosuch => No such container: nosuch
		docker start web
		docker start -a ended => 3
		docker start -ai ended => 3
		docker rm web => container is running
		docker rm -f web
		docker rm -v ended
		docker rm -fv box3 box4
		docker stop -t 0 $(docker ps -aq)
		docker rm $(docker ps -aq -f status=exited)
		docker container prune -f
		docker rm -f $(docker ps -aq) => requires at least 1 argument
		docker rmi $(docker images -q -f dangling=true) => requires at least 1 argument
		docker rmi -f $(docker images -q busybox)
		docker system prune -f
		docker system prune -af --volumes
	LINES
}
