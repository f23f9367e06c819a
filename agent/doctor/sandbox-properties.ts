/**
 * What of a unit makes its sandbox: read by `systemctl show` and given to `systemd-run` as it
 * is, so that a process runs as the unit's own would. Left out: what starts, stops, limits or
 * logs it, and the folders that systemd removes with it. Names as in systemd.exec(5) and
 * systemd.resource-control(5).
 */
export const sandboxProperties = [
  "User",
  "Group",
  "SupplementaryGroups",
  "UMask",
  "NoNewPrivileges",
  "CapabilityBoundingSet",
  "AmbientCapabilities",
  "SecureBits",
  "PrivateUsers",
  "PrivateTmp",
  "PrivateDevices",
  "PrivateIPC",
  "PrivateMounts",
  "PrivateNetwork",
  "DevicePolicy",
  "ProtectSystem",
  "ProtectHome",
  "ProtectHostname",
  "ProtectClock",
  "ProtectKernelModules",
  "ProtectKernelLogs",
  "ProtectKernelTunables",
  "ProtectControlGroups",
  "ProtectProc",
  "ProcSubset",
  "ReadWritePaths",
  "ReadOnlyPaths",
  "InaccessiblePaths",
  "ExecPaths",
  "NoExecPaths",
  "LockPersonality",
  "MemoryDenyWriteExecute",
  "RestrictRealtime",
  "RestrictSUIDSGID",
  "RestrictNamespaces",
  "RestrictAddressFamilies",
  "SystemCallArchitectures",
  "SystemCallFilter",
  "SystemCallErrorNumber",
  "KeyringMode",
  "IPAddressAllow",
  "IPAddressDeny",
] as const;

export type SandboxProperty = (typeof sandboxProperties)[number];
