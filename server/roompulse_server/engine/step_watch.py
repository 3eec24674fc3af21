"""Whether a worker hangs: judged by the CPU time that a step takes, so that a busy machine kills nobody. Pure.

a step that has used more than `limit_s` of CPU                                            ─▶ hangs
a step that waits for something, not for a processor, for BLOCKED times that, without CPU  ─▶ hangs
a step that could run and gets no processor                                                ─▶ is waited for
"""

from roompulse_server.engine.progress import ProcessTime, Step, StepKind

BLOCKED = 3.0
LOOK_S = 1.0  # between two looks
RUNS_S = 0.02  # less CPU between two looks is none: the system counts in hundredths of a second


class StepWatch:
    """Keeps how long the present step of one worker takes.

    Where the system does not tell CPU time, WALL times `limit_s` without another step count as hanging.
    """

    WALL = 6.0

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._step: int | None = None
        self._began_cpu_s = self._cpu_s = 0.0
        self._seen_s = self._blocked_s = self._wall_s = 0.0

    def look(self, now_s: float, step: Step | None, time: ProcessTime) -> float | None:
        """Return how long a step has taken, seconds, where that is too long; None otherwise.

        Args:
            now_s: The monotonic clock.
            step: What the worker works on; None: it is saying so just now.
            time: What the system knows of it.
        """
        elapsed_s = min(now_s - self._seen_s, 2 * LOOK_S)  # of a parent that was held up itself nothing can be told
        self._seen_s = now_s
        cpu_s = time.cpu_s or 0.0
        if step is None or step.kind is StepKind.IDLE or step.step != self._step:
            self._step = step.step if step else None
            self._began_cpu_s = self._cpu_s = cpu_s
            self._blocked_s = self._wall_s = 0.0
            return None
        ran = cpu_s - self._cpu_s >= RUNS_S
        self._cpu_s = cpu_s
        self._wall_s += elapsed_s
        self._blocked_s = 0.0 if ran else self._blocked_s + (0.0 if time.runnable else elapsed_s)
        return self._verdict(time)

    def _verdict(self, time: ProcessTime) -> float | None:
        if time.cpu_s is None:
            return self._wall_s if self._wall_s > self.WALL * self._limit_s else None
        used_s = self._cpu_s - self._began_cpu_s
        if used_s > self._limit_s:
            return used_s
        return self._blocked_s if self._blocked_s > BLOCKED * self._limit_s else None
