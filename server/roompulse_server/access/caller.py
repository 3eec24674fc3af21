"""Who makes a request: it goes with each request into the domain."""

from dataclasses import dataclass

from roompulse_server.errors import Reason, RoompulseError


@dataclass(frozen=True, slots=True)
class Caller:
    """A tenant, and the subject within it that a credential names; empty where there was none."""

    tenant: str
    subject: str = ""

    def named(self, tenant: str) -> str:
        """Return the caller's tenant, which a request may leave out or name.

        Raises:
            RoompulseError: TENANT_UNKNOWN: it names another one.
        """
        if tenant not in ("", self.tenant):
            message = f"tenant {tenant!r} is not known; without tokens there is only {self.tenant!r}"
            raise RoompulseError(Reason.TENANT_UNKNOWN, message)
        return self.tenant


ANONYMOUS = Caller("default")  # everybody, until there are tokens
