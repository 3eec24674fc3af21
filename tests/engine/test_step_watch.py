"""When a worker hangs, and when it merely gets no processor."""

from roompulse_server.engine.progress import ProcessTime, Progress, Step, StepKind
from roompulse_server.engine.step_watch import BLOCKED, StepWatch

LIMIT_S = 10.0


def watched(seconds: int, cpu_a_second: float, *, runnable: bool, changes: bool = False) -> float | None:
    """Return what is said first of a step that uses so much CPU, looked at once a second."""
    watch, verdict = StepWatch(LIMIT_S), None
    for second in range(seconds):
        step = Step(second if changes else 1, StepKind.PACKET, 1, 7)
        verdict = verdict or watch.look(float(second), step, ProcessTime(second * cpu_a_second, runnable))
    return verdict


def test_a_step_that_uses_too_much_cpu_hangs() -> None:
    verdict = watched(30, 1.0, runnable=True)
    assert verdict is not None
    assert LIMIT_S < verdict <= LIMIT_S + 1


def test_a_step_that_gets_a_twentieth_of_a_processor_is_waited_for() -> None:
    assert watched(190, 0.05, runnable=True) is None
    assert watched(250, 0.05, runnable=True) is not None


def test_a_step_that_could_run_and_gets_no_processor_is_waited_for() -> None:
    assert watched(10_000, 0.0, runnable=True) is None


def test_a_step_that_waits_for_something_that_does_not_come_hangs() -> None:
    verdict = watched(60, 0.0, runnable=False)
    assert verdict is not None
    assert verdict > BLOCKED * LIMIT_S


def test_steps_that_follow_each_other_never_hang() -> None:
    assert watched(200, 1.0, runnable=True, changes=True) is None
    assert watched(200, 0.0, runnable=False, changes=True) is None


def test_an_idle_worker_never_hangs() -> None:
    watch = StepWatch(LIMIT_S)
    idle = Step(1, StepKind.IDLE, -1, -1)
    assert not any(watch.look(float(second), idle, ProcessTime(0.0, False)) for second in range(1000))


def test_where_cpu_time_is_not_told_the_clock_counts_for_longer() -> None:
    watch, step = StepWatch(LIMIT_S), Step(1, StepKind.STILL, 1, -1)
    said = [watch.look(float(second), step, ProcessTime(None, True)) for second in range(100)]
    first = next(second for second, verdict in enumerate(said) if verdict is not None)
    assert first > StepWatch.WALL * LIMIT_S


def test_a_parent_that_was_held_up_blames_nobody() -> None:
    watch, step = StepWatch(LIMIT_S), Step(1, StepKind.PACKET, 1, 1)
    assert watch.look(0.0, step, ProcessTime(0.0, False)) is None
    assert watch.look(1000.0, step, ProcessTime(0.0, False)) is None


def test_what_a_worker_writes_its_parent_reads() -> None:
    parent = Progress.create()
    first = parent.read()
    assert first is not None
    assert first.kind is StepKind.STARTING
    worker = Progress.attach(parent.descriptor)
    worker.begin(StepKind.PACKET, 3, 2**40)
    assert parent.read() == Step(1, StepKind.PACKET, 3, 2**40)
    worker.begin(StepKind.IDLE)
    assert parent.read() == Step(2, StepKind.IDLE, -1, -1)
    worker.close()
    parent.close()
