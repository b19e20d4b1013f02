#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Real conversations while the policy changes: a TURN session and a TLS download live through a hundred updates, and an
# SSH session that a trial cuts off is back when the trial has ended, though nobody is left who could end it.
# alone: there is one lab on a machine

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
# shellcheck source=tests/lab/lab.sh
. "$here/../lab/lab.sh"

UPDATES=100
SITE=policies/sites/contoso.yaml

update() { lab_lyncxdp edge update ext0 "$@"; }

# Two policies in turn: with the rows of federation and without them.
update_twice() { update --without federation >/dev/null && update --without '' >/dev/null; }

# A download in the place of the Web Conferencing Edge that lasts until it is told to end; both ends sum up what passed.
serve_stream() {
    kill "$(cat "$LAB_RUN/edge.nginx.pid")"
    until_true 60 not lab_listening edge tcp 10.45.16.20:443 || return
    # shellcheck disable=SC2016 # expanded by the inner shell
    lab_start edge stream bash -c 'while [ ! -e stop ]; do head -c 20000 bulk; sleep 0.01; done | tee >(sha256sum >sent) |
        socat -u - OPENSSL-LISTEN:443,bind=10.45.16.20,reuseaddr,cert=edge.pem,key=edge.key,verify=0'
    lab_wait edge tcp 10.45.16.20 443
}

download() {
    lab_in inet socat -u "OPENSSL:10.45.16.20:443,cafile=$LAB_RUN/authority.pem,commonname=edge.contoso.example" - |
        tee "$LAB_RUN/received" | sha256sum >"$LAB_RUN/arrived"
}

# A TURN session, a packet every ten milliseconds, until it is told to end.
talk() {
    lab_in inet "${LAB_PYTHON[@]}" "$LAB_HOME/media.py" udp 10.45.16.30 3478 "$LAB_RUN/stop" >"$LAB_RUN/talk" 2>&1
}

begun() { grep -q allocated "$LAB_RUN/talk" && [ -s "$LAB_RUN/received" ]; }

# nothing_lost STATUS   with which the client of the TURN session ended.
nothing_lost() {
    cat "$LAB_RUN/talk"
    [ "$1" -eq 0 ]
}

arrived_whole() {
    cat "$LAB_RUN/sent" "$LAB_RUN/arrived" "$LAB_RUN/stream.log"
    [ -s "$LAB_RUN/received" ] && cmp "$LAB_RUN/sent" "$LAB_RUN/arrived"
}

# --- A session of a person who administers the Edge from the Internet ------------------------------------------------

serve_ssh() {
    ssh-keygen -q -t ed25519 -N '' -f "$LAB_RUN/host_key" && ssh-keygen -q -t ed25519 -N '' -f "$LAB_RUN/person_key" &&
        cp "$LAB_RUN/person_key.pub" "$LAB_RUN/authorized" && chmod 700 "$LAB_RUN" && mkdir -p /run/sshd &&
        cat >"$LAB_RUN/sshd.conf" <<END || return
ListenAddress 10.45.16.10
HostKey $LAB_RUN/host_key
PidFile none
AuthorizedKeysFile $LAB_RUN/authorized
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PrintMotd no
PrintLastLog no
END
    lab_start edge sshd /usr/sbin/sshd -D -e -f "$LAB_RUN/sshd.conf"
    lab_wait edge tcp 10.45.16.10 22
}

person() {
    lab_in inet ssh -q -F none -i "$LAB_RUN/person_key" -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=5 \
        -o UserKnownHostsFile=/dev/null -o IPQoS=none root@10.45.16.10 "$@"
}

# The answer to a line, within so many seconds.
answered() {
    local answer
    read -rt "$2" answer <&"${SESSION[0]}" && echo "$answer" && [ "$answer" = "heard $1" ]
}

# One line over the open session and back.
echoes() {
    echo "$1" >&"${SESSION[1]}"
    answered "$@"
}

hangs() { ! echoes "$1" 1; }
not() { ! "$@"; }

# The trial is begun in a session of its own, which it cuts; then everything of it that lives is killed.
begin_trial() {
    person "cd '$LAB_TREE' && '$LYNCXDP' update ext0 --site $SITE --try 10; kill -KILL \$PPID \$\$" >"$LAB_RUN/trial" 2>&1 &
    until_true 60 on_trial || { cat "$LAB_RUN/trial"; false; }
}

on_trial() { lab_lyncxdp edge status ext0 --json | jq -e '.[0].trial.seconds_left > 0'; }

fell_back() { lab_lyncxdp edge status ext0 2>&1 | grep 'run out unconfirmed'; }

lab_check_tools && lab_check_program && lab_lock || exit
lab_down_at_exit
lab_up || exit
sed 's/^rows:.*//' "$LAB_TREE/$SITE" >"$LAB_RUN/with-ssh.yaml"
cat >>"$LAB_RUN/with-ssh.yaml" <<'END'
rows:
  - {id: ssh, from: 203.0.113.10, source-port: any, to: self, port: 22, transport: tcp}
END

# --- A hundred updates -----------------------------------------------------------------------------------------------

check "the Edge is attached" lab_lyncxdp edge attach ext0 --role consolidated-edge --site "$SITE"
check "a TLS server waits behind the filter" serve_stream
download &
downloading=$!
talk &
talking=$!
check "both have begun" until_true 60 begun
failed=0
begun=${EPOCHREALTIME/./}
for _ in $(seq $((UPDATES / 2))); do update_twice || failed=$((failed + 1)); done
took=$((${EPOCHREALTIME/./} - begun))
check "a hundred updates take place" [ $failed -eq 0 ]
echo "# one in $((took / UPDATES)) microseconds"
check "the TURN session has lasted for all of them" kill -0 $talking
check "the download as well" kill -0 $downloading
: >"$LAB_RUN/stop"
wait $talking
check "every packet of the TURN session has come back" nothing_lost $?
wait $downloading
check "every byte of the download has arrived" arrived_whole

# --- A trial that cuts off who began it ------------------------------------------------------------------------------

if ! command -v /usr/sbin/sshd >/dev/null || ! command -v ssh-keygen >/dev/null; then
    skip "SSH and trials" "no OpenSSH"
    finish
    exit
fi
check "the Edge lets an administrator in" update --site "$LAB_RUN/with-ssh.yaml" --egress enforce
check "an SSH server waits behind the filter" serve_ssh
# shellcheck disable=SC2016 # expanded at the far end
coproc SESSION { person 'while read -r line; do echo "heard $line"; done'; }
check "a session is open" echoes one 10
check "a trial that closes the port begins, and its process is killed" begin_trial
check "the session hangs" hangs two
check "no other can be opened" not person true
check "it goes on when the trial has ended, with what was said meanwhile" answered two 60
check "and others can be opened again" person true
check "status tells what happened" fell_back
eval "exec ${SESSION[1]}>&-"
finish
