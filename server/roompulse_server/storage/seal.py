"""What is kept of somebody, unreadable without their key: AES-256-GCM, 12 B nonce │ ciphertext │ 16 B tag.

Deleting rows is not enough: a database keeps copies of them in pages that it has split, journals and replicas keep
more. A participant's key is in one small row, which goes with them; what the copies hold is noise from then on. The
place of a value is sealed in with it, so that no value can be put in another's place.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from roompulse_server.errors import DamageError

KEY_BYTES = 32
NONCE_BYTES = 12  # random: safe for 2^32 values of one key
CHECKPOINT = "checkpoint"
_DIGEST_BYTES = 16


def new_key() -> bytes:
    """Return a random key."""
    return os.urandom(KEY_BYTES)


def block_place(first_sequence: int) -> str:
    """Return the place of a block of updates."""
    return f"block {first_sequence}"


def event_place(position: int) -> str:
    """Return the place of an event's consent."""
    return f"event {position}"


def seal(key: bytes, value: bytes, place: str) -> bytes:
    """Return a value sealed for its place; 28 bytes longer."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, value, place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """Return what was sealed.

    Raises:
        DamageError: It is damaged, of another place, or sealed with another key.
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise DamageError(f"the record is damaged: {place} cannot be read with its participant's key") from error


def digest(salt: bytes, name: str) -> bytes:
    """Return by what somebody erased is known again: it says nothing to who has no guess of the id."""
    return hmac.digest(salt, name.encode(), hashlib.sha256)[:_DIGEST_BYTES]
