"""How well and how fast sentences are understood: precision and recall per field, and the latency of `understand`.

`python -m bench.understanding` prints both for the English and the Chinese corpus; add `--misses` to list what differs.
"""

import sys
from collections.abc import Callable
from statistics import median, quantiles
from time import perf_counter, thread_time

from bench.frame import Env, Figure
from bot.understanding.sentence import understand
from bot.understanding.warm import warm_up
from tests.bot.understanding.corpus import NOW, TZ, misses, read_corpus, report

ROUNDS = 5


def latencies(language: str, clock: Callable[[], float]) -> list[float]:
    """Milliseconds per sentence on a clock, the corpus a few times over, after a warm-up."""
    warm_up()
    texts = [row["text"] for row in read_corpus(language)]
    for text in texts:
        understand(text, now=NOW, tz=TZ, locale=language)
    return [_timed(text, language, clock) for _ in range(ROUNDS) for text in texts]


def _timed(text: str, language: str, clock: Callable[[], float]) -> float:
    start = clock()
    understand(text, now=NOW, tz=TZ, locale=language)
    return (clock() - start) * 1000


def run(_env: Env) -> list[Figure]:
    """The slowest sentences of either language."""
    return [
        Figure(
            f"understanding a sentence, {language} (CPU, p99)", quantiles(latencies(language, thread_time), n=100)[98],
            "ms", target=15,
        )
        for language in ("en", "zh")
    ]  # fmt: skip


def main() -> None:
    """Prints the report."""
    for language in ("en", "zh"):
        print(report(language))
        for name, clock in (("CPU", thread_time), ("wall", perf_counter)):
            taken = latencies(language, clock)
            print(f"  {name} p50 {median(taken):.2f} ms, p99 {quantiles(taken, n=100)[98]:.2f} ms (promised: < 15 ms)")
        if "--misses" in sys.argv:
            print("\n".join(f"  {line}" for line in misses(language)))


if __name__ == "__main__":
    main()
