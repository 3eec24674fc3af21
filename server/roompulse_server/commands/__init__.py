"""The commands of `roompulse-server`."""

from roompulse_server.commands.models import models_group
from roompulse_server.commands.record import backup_command, restore_command
from roompulse_server.commands.service import group

__all__ = ["group"]

group.add_command(models_group)
group.add_command(backup_command)
group.add_command(restore_command)
