# SPDX-License-Identifier: GPL-2.0-only
# Completion for lyncxdp: verbs, then the options that a verb's --help lists, then what an option takes.

_lyncxdp_options() {
    lyncxdp "$1" --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
}

_lyncxdp_roles() {
    lyncxdp roles 2>/dev/null | awk 'NR > 1 {print $2}' | sort -u
}

_lyncxdp_editions() {
    lyncxdp roles 2>/dev/null | awk 'NR > 1 {print $1}' | sort -u
}

_lyncxdp_interfaces() {
    (cd /sys/class/net 2>/dev/null && printf '%s\n' *)
}

_lyncxdp() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} choices=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        choices="apply attach check confirm counters detach diff explain exporter flows monitor promote roles rollback show status top update --help --version"
    else
        case $previous in
        --role) choices=$(_lyncxdp_roles) ;;
        --edition) choices=$(_lyncxdp_editions) ;;
        --side) choices="external internal" ;;
        --lb) choices="hardware dns" ;;
        --egress) choices="track enforce off" ;;
        --mode) choices="auto native generic" ;;
        --by) choices="row port reason" ;;
        --flags) choices="SYN ACK SYN,ACK FIN,ACK RST" ;;
        --site | --policy | --file | -f | --write | -w | --pcap | --certificate | --key | --passwords | --textfile)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        --pair) choices=$(_lyncxdp_interfaces) ;;
        --set | --without | --workload | --flows | --try | --wait | --listen | --host | --every | --reason | --port | --prefix | --rate | --count) return ;;
        *)
            case $verb:$word in
            *:-*) choices=$(_lyncxdp_options "$verb") ;;
            show:*) choices=$(_lyncxdp_roles) ;;
            check:*)
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
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
