# SPDX-License-Identifier: GPL-2.0-only
# Completion for lyncxdp: verbs, then the options that a verb's --help lists, then what an option takes.

_lyncxdp_options() {
    lyncxdp "$1" --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
}

_lyncxdp_roles() {
    lyncxdp roles --json 2>/dev/null | awk -F'"' '$2 == "role" {print $4}' | sort -u
}

_lyncxdp_editions() {
    lyncxdp roles --json 2>/dev/null | awk -F'"' '$2 == "edition" {print $4}' | sort -u
}

_lyncxdp_interfaces() {
    (cd /sys/class/net 2>/dev/null && printf '%s\n' *)
    lyncxdp status 2>/dev/null | awk '$1 ~ /@/ {print $1}' | sort -u # VLANs of trunks
}

# The roles that the words so far name: behind --role, or behind show.
_lyncxdp_roles_named() {
    local i
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i - 1]}" = --role ] || { [[ ${COMP_WORDS[1]} =~ ^(setup|show)$ ]] && [ "$i" -eq 2 ]; }; then
            printf '%s\n' "${COMP_WORDS[i]}"
        fi
    done
}

# _lyncxdp_rows MEMBER   what the rows of those roles have in a list of that name: options, workloads.
_lyncxdp_rows() {
    local roles
    mapfile -t roles < <(_lyncxdp_roles_named)
    [ ${#roles[@]} -gt 0 ] && lyncxdp show "${roles[@]}" --json 2>/dev/null |
        awk -v member="\"$1\":" -F'"' '$0 ~ member {inside = 1; next} /\]/ {inside = 0} inside {print $2}' | sort -u
}

# The options that are closed by default, of any role.
_lyncxdp_closed() {
    lyncxdp roles --json 2>/dev/null |
        awk -F'"' '/"closed":/ {inside = 1; next} /\]/ {inside = 0} inside {print $2}' | sort -u
}

# The error of a reason that there is not lists those that there are.
_lyncxdp_reasons() {
    lyncxdp monitor --reason '?' 2>&1 | sed -n 's/.*write one of://p'
}

# A folder is offered with a slash behind it and no blank.
_lyncxdp_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_lyncxdp() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} choices=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        choices="apply attach check confirm counters detach diff endpoints explain exporter flows monitor promote roles rollback setup show status top update --help --version"
    else
        case $previous in
        --role) choices=$(_lyncxdp_roles) ;;
        --edition | --to) choices=$(_lyncxdp_editions) ;;
        --side) choices="external internal" ;;
        --lb) choices="hardware dns" ;;
        --egress) choices="track enforce off" ;;
        --mode) choices="auto native generic" ;;
        --by) choices="row port reason" ;;
        --format) choices="text json csv markdown" ;;
        --flags) choices="SYN ACK SYN,ACK FIN,ACK RST" ;;
        --site | --policy | --file | -f | --write | -w | --pcap | --certificate | --key | --passwords | --textfile)
            _lyncxdp_files "$word"
            return
            ;;
        --without) choices=$(_lyncxdp_rows options) ;;
        --open) choices=$(_lyncxdp_closed) ;;
        --workload) choices=$(_lyncxdp_rows workloads) ;;
        --reason) choices=$(_lyncxdp_reasons) ;;
        --set)
            compopt -o nospace 2>/dev/null
            choices="self= pool= next-hop= pool-vip= cms= branch= office365= edge-peers="
            ;;
        --pair | --with | --external | --internal | --only) choices=$(_lyncxdp_interfaces) ;;
        --flows | --vlan | --try | --wait | --listen | --host | --every | --port | --prefix | --rate | --count | --mac | --id | --date) return ;;
        --service-area) choices="Common Exchange SharePoint Skype" ;;
        *)
            case $verb:$word in
            *:-*) choices=$(_lyncxdp_options "$verb") ;;
            explain:[a-z]*) choices="$(_lyncxdp_interfaces) tcp udp vrrp ospf igmp pim esp ah gre ipip echo" ;;
            setup:* | show:*) choices=$(_lyncxdp_roles) ;;
            check:* | endpoints:*)
                _lyncxdp_files "$word"
                return
                ;;
            attach:* | confirm:* | detach:* | diff:* | monitor:* | promote:* | rollback:* | status:* | top:* | update:* | counters:* | flows:* | explain:* | exporter:*)
                choices=$(_lyncxdp_interfaces) ;;
            esac
            ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _lyncxdp lyncxdp
