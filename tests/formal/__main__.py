"""`make formal`: runs the proofs, and prints a table of what came of them.

    python -m tests.formal [--again] [--quick] [--json] [--solver z3] [--page PAGE] [NAME ...]

Exit status: 0 if all hold, 1 if one does not, 3 if a tool is missing, 130 if interrupted.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

from sterna.spec import ToolError
from sterna.spec.pages import write_section
from sterna.spec.tables import table
from sterna.verify.formal import Result, Task, run

from .tasks import TASKS


def main() -> int:
    parser = argparse.ArgumentParser(prog="make formal", description="Run the proofs.")
    parser.add_argument("names", nargs="*", help="only tasks with one of these in their name")
    parser.add_argument("--again", action="store_true", help="run also what is unchanged")
    parser.add_argument("--quick", action="store_true", help="only those that the tests run too")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--solver", choices=("yices", "z3"), help="all with this solver")
    parser.add_argument("--page", type=Path, help="write the table into this page")
    arguments = parser.parse_args()
    chosen = [
        task
        for task in TASKS
        if (task.quick or not arguments.quick)
        and (not arguments.names or any(name in task.name for name in arguments.names))
    ]
    if not chosen:
        parser.error(f"no task is named so; there are: {', '.join(task.name for task in TASKS)}")
    results = []
    width = max(len(task.name) for task in chosen) + (3 if arguments.solver else 0)
    try:
        for chosen_task in chosen:
            task = chosen_task
            if arguments.solver:
                engine = f"smtbmc {arguments.solver}"
                task = replace(task, name=f"{task.name}-{arguments.solver}", engine=engine)
            results.append(run(task, again=arguments.again))
            if not arguments.json:
                print(_row(task, results[-1], width), flush=True)
    except ToolError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    failed = [result for result in results if not result.passed]
    if arguments.page:
        write_section(arguments.page, "formal", _table(chosen, results))
    if arguments.json:
        print(json.dumps([asdict(result) for result in results], indent=1))
    else:
        for result in failed:
            print(f"{result.status}: {result.name}; the log and the trace are in {result.folder}")
        seconds = sum(result.seconds for result in results)
        cached = sum(result.cached for result in results)
        print(
            f"{len(results) - len(failed)} of {len(results)} hold; {seconds:.0f} s of proof, "
            f"{cached} of them cached"
        )
    return 1 if failed else 0


def _table(tasks: list[Task], results: list[Result]) -> str:
    """The results as Markdown, for docs/formal.md."""
    seconds = sum(result.seconds for result in results)
    solvers = ", ".join(sorted({task.engine.split()[-1] for task in tasks}))
    rows = (
        (
            f"`{task.name}`",
            task.claim,
            f"{task.mode} {task.depth}",
            result.status,
            f"{result.seconds:.1f}",
        )
        for task, result in zip(tasks, results, strict=True)
    )
    head = f"{len(results)} tasks, {seconds:.0f} s in all on {os.cpu_count()} cores, by {solvers}."
    return f"{head}\n\n" + table(
        ("task", "what is proved, or seen to happen", "mode, depth", "result", "seconds"), rows
    )


def _row(task: Task, result: Result, width: int) -> str:
    mode = f"{task.mode} {task.depth}"
    solver = task.engine.split()[-1]
    cached = "  cached" if result.cached else ""
    status = f"{result.status:7} {result.seconds:7.1f} s{cached}"
    return f"{task.name:{width}}  {mode:9}  {solver:6}  {status}"


if __name__ == "__main__":
    sys.exit(main())
