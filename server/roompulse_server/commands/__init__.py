"""The commands of `roompulse-server`."""

from roompulse_server.commands.models import models_group
from roompulse_server.commands.service import group

__all__ = ["group"]

group.add_command(models_group)
