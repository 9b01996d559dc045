"""Files that hold keys or passwords, going by their names: left out whatever else says that they are wanted."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

DENIED_NAMES: dict[str, tuple[str, ...]] = {
    "environment file": (".env", ".env.*", "*.env", ".envrc"),
    "private key": (
        *("*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.ppk", "*.agekey"),
        *("id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"),
    ),
    "password store": ("*.kdbx", "*.kdb", "*.psafe3", "*.keychain", "*.keychain-db", "logins.json", "key4.db"),
    "credential file": (
        *(".netrc", "_netrc", ".pgpass", ".my.cnf", ".npmrc", ".pypirc", ".git-credentials", ".htpasswd"),
        *(".dockercfg", ".s3cfg", ".boto", ".vault-token", ".terraformrc", "terraform.rc", ".databrickscfg"),
        *("credentials", "credentials.json", "credentials.yml", "credentials.yaml", "credentials.toml"),
        *("secrets.json", "secrets.yml", "secrets.yaml", "secrets.toml", "*.secrets"),
        *("client_secret*.json", "service-account*.json", "service_account*.json"),
        *("application_default_credentials.json", "*.tfstate", "*.tfstate.backup", "*.tfvars", "*.ovpn"),
        *(".docker/config.json", ".kube/config"),
    ),
    "system file of secrets": (
        *("shadow", "shadow-", "shadow~", "shadow.bak", "shadow.old", "gshadow", "gshadow-", "gshadow~", "gshadow.bak"),
        *("master.passwd", "spwd.db", "opasswd", "smbpasswd", "passdb.tdb", "secrets.tdb", "sasldb2", "ntds.dit"),
        *("*.keytab", "krb5cc_*", "ssh_host_*_key", "chap-secrets", "pap-secrets", "*.nmconnection"),
        *("wpa_supplicant.conf", "debian.cnf"),
    ),
    "inside a folder of keys": (".ssh/", ".gnupg/", ".aws/", ".azure/", ".password-store/"),
}
"""Why -> patterns over names, case aside. With a slash at its end: a folder; inside: a file in such a folder."""

EXAMPLES = frozenset(f".env.{word}" for word in ("example", "sample", "template", "dist", "defaults")) | frozenset(
    f"{word}.env" for word in ("example", "sample", "template")
)
"""Names that the patterns mean, of files that are made to be shown."""

_REASONS = {pattern: reason for reason, patterns in DENIED_NAMES.items() for pattern in patterns}
_FOLDERS = frozenset(pattern[:-1] for pattern in _REASONS if pattern.endswith("/"))
_IN_FOLDERS = {pattern: reason for pattern, reason in _REASONS.items() if "/" in pattern[:-1]}
_OWN_NAMES = frozenset(pattern.split("/")[1] for pattern in _IN_FOLDERS)
_ENDINGS = tuple(pattern[1:] for pattern in _REASONS if pattern[0] == "*")
_BEGINNINGS = tuple(pattern.split("*")[0] for pattern in _REASONS if "*" in pattern[1:])


def denied(name: str, folder: str = "") -> str | None:
    """Return why a file of this name, in a folder of that name, is left out: a finished clause, or ``None``."""
    name = name.lower()
    reason = _REASONS.get(name)
    if reason is None and (name.endswith(_ENDINGS) or name.startswith(_BEGINNINGS)):
        reason = next((why for pattern, why in _REASONS.items() if fnmatchcase(name, pattern)), None)
    if reason is None and name in _OWN_NAMES:
        reason = _IN_FOLDERS.get(f"{folder.lower()}/{name}")
    if reason is None or name in EXAMPLES:
        return None
    return _because(reason)


def denied_folder(names: Iterable[str]) -> str | None:
    """Return why all that is in a folder is left out, given the names of a path to it."""
    return _because(_REASONS[".ssh/"]) if any(name.lower() in _FOLDERS for name in names) else None


def _because(reason: str) -> str:
    return f"{reason}, by its name (--secrets allow takes it)"
