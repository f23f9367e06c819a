/** What `deploy-template --help` says after the options. */
export const deployHelp = `
Subcommands, each with a --help of its own:
  destroy --vmid ID     delete a container that deploy-template made
  service NAME FOLDER   ship a new release of a service into a container that runs
  upgrade FILE          upgrade the stack of a container that runs to another release
  replace TEMPLATE      have a new container of another template take over, with all data

It looks first what speaks against it and tells how to change that, sends the template as a
stream with its checksum, creates the container exactly as the stack.yaml inside the template
says, starts it, and waits until all of the stack works. Run again, it does only what is
missing; on a healthy container nothing.

Three ways to a node, --via:
  api     its REST API, https://HOST:8006: --to pve1
  ssh     its root, over SSH: --to root@pve1; files go over SFTP, requests are its own pvesh
  local   on the node itself, without --to; build-template deployer makes the file for it
Without --via an address with a user is for ssh; on a node, without --to, it is local; else api.

Who asks. Make a token on the node, and keep it in a file that only you can read:
  pveum user token add root@pam deploy --privsep 0
  echo 'root@pam!deploy=SECRET' > ~/.proxmox-token; chmod 600 ~/.proxmox-token
A token of less power is told which privileges it lacks, and the commands that grant them. What is
granted on /vms/ID goes with the container; on /vms, or on a pool with --pool, it stays.
Over SSH: the keys of the agent, --identity, ~/.ssh/id_*; else root's password.

Whom to trust. A node signs its certificate itself. Compare what 'pvenode cert info' shows on
the node, or bring /etc/pve/pve-root-ca.pem from it. Nothing is sent to a node not trusted.
Over SSH: the host key that ~/.ssh/known_hosts has, or --fingerprint SHA256:…

Several nodes: --to pve1,pve2. Each gets a container of its own, side by side; one's failure
doesn't stop the others. --node, --vmid, --hostname, --fingerprint, --token-file and the other
settings above take one value for all, or one for each in the same order.

A plain host: --host root@server installs the .deb of build-template deb on a Debian without
Proxmox, over SSH, and sets the stack up there; with --identity, --fingerprint, --timeout,
--dry-run and --json.

Settings come from a flag, else its variable (env), else 'deploy:' and 'container:' of the
stack.yaml in the template; --set goes before all of them.

Examples:
  deploy-template dist/debian-12-*.tar.gz --to pve1 --vmid 120 --token-file ~/.proxmox-token
  deploy-template TEMPLATE --to pve1 --dry-run              what would be done
  deploy-template TEMPLATE --to root@pve1 --vmid 120        over SSH
  deploy-template TEMPLATE --to pve1,pve2 --vmid 120,121    on two nodes at once
  deploy-template dist/stack-agent-*.deb --host root@server on a Debian without Proxmox
  deploy-template TEMPLATE --to 10.1.1.2 --user root@pam --ca-file pve-root-ca.pem
  deploy-template TEMPLATE --to pve1 --resend               where the file there is damaged
  deploy-template TEMPLATE --to pve1 --set container.memory=16GiB
  deploy-template TEMPLATE --to pve1 \\
    --set 'container.network={address: 10.1.1.120/24, gateway: 10.1.1.1}'
  deploy-template TEMPLATE --to pve1 --set 'container.network={address: dhcp, address6: auto}'

Exit codes: 0 healthy, 1 failed or refused, 2 degraded, 64 unknown option or setting,
130 interrupted by Ctrl-C, 143 by SIGTERM. What is left then is told, and the same command
carries on with it.
`;
