"""Exit codes, as sysexits.h names them."""

EX_OSERR = 71
EX_CONFIG = 78
