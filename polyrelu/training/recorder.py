"""TrainingRecorder: the exact topology of a network, epoch by epoch, while it is trained."""

from __future__ import annotations

import csv
import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from polyrelu.analysis.deadline import time_limit
from polyrelu.errors import InputError, MissingDependencyError, NumberError, PolyreluError
from polyrelu.exact.rational import describe
from polyrelu.exact.time_limit import OutOfTimeError, check_time
from polyrelu.files import replacing
from polyrelu.geometry.domain import Domain
from polyrelu.markup import table
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.training.models import network_of
from polyrelu.training.picture import draw
from polyrelu.training.quantities import Measurement, measured
from polyrelu.training.record_file import RecordFile, read_record, write_record
from polyrelu.training.rows import (
    TrainingRow,
    has_classes,
    is_changed,
    read_epoch,
    read_metrics,
    show_betti,
    show_levels,
)
from polyrelu.training.settings import QUANTITIES, Settings, read_settings
from polyrelu.training.table import as_text, columns_of

_LOGGER = logging.getLogger(__name__)


class TrainingRecorder:
    """A recorder of exact Betti numbers, region counts and critical levels, called once an epoch.

    Parameters
    ----------
    domain : Domain or box, optional
        A polyhedron in which everything is counted, in coordinates of the slice if there is one. The default is all of
        the input space.
    relation : str, default ">"
        One of ">", ">=", "<", "<=", "=": the Betti numbers are those of {F relation level}. For classes ">" or ">=".
    level : exact number, default 0
        The level t.
    classes : bool, optional
        Whether the Betti numbers are those of each class of a network with several outputs; see `class_betti_numbers`.
        By default they are if the network has several outputs and none is chosen.
    output : int or pair of int, optional
        The output F_i, or the difference F_i − F_j of outputs, that is recorded of a network with several.
    quantities : str or sequence of str, optional
        Some of "betti", "regions" and "critical_levels". The default is all, and the first two of a network with
        several outputs. Critical levels are those of {F ≥ t} for the relations ">" and ">=" and those of {F ≤ t} for
        the others; see `levels`.
    slice : Slice, optional
        A slice of the input space in which all this is done: Betti numbers in a plane are found for networks of
        hundreds of inputs.
    budget : float, optional
        The seconds of wall time that a call may take; None for no limit. What takes longer is not computed, and the
        row says so. Every quantity has half of the time that is left, and the last one all of it.
    every : int, default 1
        Only epochs that are multiples of it are recorded.
    path : str or path-like, optional
        A file to which each row is added as it is made. If it is there already, its rows are taken over, and the run
        goes on after them; one with other settings is refused.
    read : callable, optional
        A function that makes a `Network` of the model. By default networks, PyTorch modules and estimators of
        scikit-learn are read, these by `from_torch` and `from_sklearn`.
    max_cells, max_memory, threads : optional
        As for `subdivide`, for each quantity.

    Raises
    ------
    InputError
        If an argument is wrong.
    FileError
        If the file cannot be written, or is not that of a recorder.

    See Also
    --------
    betti_numbers_of : The Betti numbers of networks that are trained already.

    Notes
    -----
    A model is read as it is at the call, its weights exactly. Its parameters, gradients, modes and the state of random
    number generators are as before.

    The time is looked at some twenty times a second in the core, and between the steps of Python code. So a call ends
    at most about a tenth of a second late. Ctrl-C raises KeyboardInterrupt at once; the row of that call is lost, and
    all before are kept.

    In the first call everything that is wrong is raised: a model that cannot be read, or settings that do not fit it.
    In later ones what goes wrong is told in the row and does not end the training: weights that are not finite, say.

    Examples
    --------
    >>> import polyrelu as pr
    >>> recorder = pr.TrainingRecorder(domain=[(-4, 4), (-4, 4)])
    >>> for epoch, sizes in enumerate([(2, 4, 3, 1), (2, 8, 3, 1)]):  # in place of a training
    ...     row = recorder(pr.shells(sizes, [1]), epoch, loss=0.5)
    >>> row.betti, row.regions, row.changed
    ((6, 0), 55, True)
    >>> [str(x) for x in row.critical_levels]
    ['-1', '1']
    >>> recorder.changes
    (1,)
    """

    def __init__(
        self,
        *,
        domain: Domain | Sequence[Sequence[Any]] | None = None,
        relation: str = ">",
        level: Any = 0,
        classes: bool | None = None,
        output: int | tuple[int, int] | None = None,
        quantities: str | Sequence[str] | None = None,
        slice: Slice | None = None,
        budget: float | None = 1.0,
        every: int = 1,
        path: str | os.PathLike[str] | None = None,
        read: Callable[[Any], Network] | None = None,
        max_cells: int | None = None,
        max_memory: int | None = None,
        threads: int = 1,
    ) -> None:
        self._settings = read_settings(
            domain=domain, relation=relation, level=level, classes=classes, output=output, quantities=quantities,
            slice=slice, budget=budget, every=every, max_cells=max_cells, max_memory=max_memory, threads=threads,
        )  # fmt: skip
        if read is not None and not callable(read):
            raise InputError(f"read: expected a function or None, got {describe(read)}")
        self._read = read
        self._begin([])
        if path is not None:
            self._file = RecordFile(path)
            self._begin(self._file.begin(self._settings))

    def _begin(self, rows: list[TrainingRow]) -> None:
        self._rows = rows
        self._n_written = len(rows)
        self._last_epoch = rows[-1].epoch if rows else -1
        self._was_read = False
        self._asked = self._settings.quantities or (QUANTITIES[:-1] if self._settings.classes else QUANTITIES)
        self._assumptions: tuple[str, ...] = ()

    _file: RecordFile | None = None

    # --- recording ---

    def record(self, model: Any, epoch: int | None = None, **metrics: Any) -> TrainingRow | None:
        """The row of a model at this epoch, which is kept; None if the epoch is not one to be recorded (`every`).

        Parameters
        ----------
        model : Network, torch.nn.Module or estimator of scikit-learn
            The model as it is now.
        epoch : int, optional
            The number of the epoch, larger than those before. The default is the one after the last call, 0 first.
        **metrics
            Numbers that are kept in the row, such as ``loss=0.3``.

        Raises
        ------
        InputError
            If the epoch or a metric is wrong, and in the first call if the model or the settings are.
        FileError
            If the row cannot be written to the file. It is kept, and written with the next one.
        """
        number = self._read_epoch(epoch)
        values = read_metrics(metrics)
        if number % self._settings.every:
            self._last_epoch = number
            return None
        row = self._row(model, number, values)
        before = self._rows[-1].not_computed if self._rows else ()
        for name, why in row.not_computed.items():  # a warning once, not at every epoch of a long training
            _LOGGER.log(logging.INFO if name in before else logging.WARNING, "epoch %d: no %s: %s", number, name, why)
        self._last_epoch = number
        self._rows.append(row)
        if self._file is not None:
            self._file.add(self._rows[self._n_written :])
            self._n_written = len(self._rows)
        return row

    __call__ = record

    def _row(self, model: Any, epoch: int, metrics: Any) -> TrainingRow:
        began = time.monotonic()
        network, why = self._network_of(model)
        seconds = {"reading": time.monotonic() - began}
        if network is None:
            found = Measurement(reasons=dict.fromkeys(self._asked, why))
        else:
            found = measured(network, self._settings, began + self._settings.budget, strict=not self._was_read)
            self._was_read, self._asked = True, self._settings.asked_of(network)
        betti = found.values.get("betti")
        return TrainingRow(
            epoch,
            None if network is None else network.architecture,
            betti,
            found.values.get("regions"),
            found.values.get("critical_levels"),
            is_changed(betti, self._last_known()),
            tuple(found.reasons.items()),
            tuple((seconds | found.seconds).items()),
            metrics,
        )

    def _network_of(self, model: Any) -> tuple[Network | None, str]:
        """The network of the model, or None and why there is none."""
        chosen = self._settings
        first = not self._was_read
        try:
            with time_limit(chosen.budget):
                check_time()
                network = network_of(model, chosen.slice, self._read, remarks=first)
        except OutOfTimeError:
            return None, f"reading the model took longer than the budget of {chosen.budget:g} s"
        except NumberError as error:  # weights that are not finite
            return None, str(error)
        except PolyreluError as error:
            if first:
                raise
            return None, str(error)
        except Exception as error:  # of a function that was given
            if first or self._read is None:
                raise
            return None, f"read: {type(error).__name__}: {error}"
        if first:
            self._assumptions = network.assumptions
        return network, ""

    def _read_epoch(self, epoch: Any) -> int:
        if epoch is None:
            return self._last_epoch + 1
        number = read_epoch(epoch)
        if number <= self._last_epoch:
            raise InputError(
                f"epoch: {number} comes after {self._last_epoch}; another run needs another recorder, and one that "
                f"goes on from an earlier state needs recorder.rewind({number}), which drops the rows from there on"
            )
        return number

    def _last_known(self) -> TrainingRow | None:
        return next((row for row in reversed(self._rows) if row.betti is not None), None)

    def rewind(self, epoch: int) -> None:
        """Drop the rows from an epoch on, in the file too: for a training that goes on from an earlier state."""
        first = read_epoch(epoch)
        kept = [row for row in self._rows if row.epoch < first]
        if self._file is not None:
            self._file.replace(self._settings, kept)
        self._rows, self._n_written = kept, len(kept)
        self._last_epoch = min(self._last_epoch, first - 1)

    # --- what was recorded ---

    @property
    def rows(self) -> tuple[TrainingRow, ...]:
        """The rows, by ascending epochs."""
        return tuple(self._rows)

    @property
    def changes(self) -> tuple[int, ...]:
        """The epochs whose Betti numbers are others than the last ones known before."""
        return tuple(row.epoch for row in self._rows if row.changed)

    @property
    def settings(self) -> Settings:
        """The settings, by the names of the parameters."""
        return self._settings

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What was assumed when the model was read for the first time; see `Network.assumptions`."""
        return self._assumptions

    def __repr__(self) -> str:
        return f"TrainingRecorder({self._title()})"

    def _repr_html_(self) -> str:
        asked = [name for name in QUANTITIES if any(name in row.asked for row in self._rows)]
        show: dict[str, Callable[[Any], str]] = {"betti": show_betti, "critical_levels": show_levels}
        lines = []
        for row in self._rows:
            values = [_short(getattr(row, name), show.get(name)) for name in asked]
            lines.append([row.epoch, *values, "changed" if row.changed else ""])
        head = ["epoch", *(name.replace("_", " ") for name in asked), ""]
        return table(self._title(), head, lines)

    def _title(self) -> str:
        n, changes = len(self._rows), self.changes
        region = "classes" if self._settings.classes or has_classes(self._rows) else self._settings.region
        if not n:
            return f"{region}, no rows"
        epochs = f"epochs {self._rows[0].epoch} to {self._rows[-1].epoch}" if n > 1 else f"epoch {self._rows[0].epoch}"
        parts = [region, f"{n} row{'s' * (n != 1)}", epochs]
        parts.append(f"{len(changes)} change{'s' * (len(changes) != 1)} of topology")
        if missing := sum(bool(row.not_computed) for row in self._rows):
            parts.append(f"{missing} incomplete")
        return ", ".join(parts)

    # --- files, tables and pictures ---

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> TrainingRecorder:
        """A recorder with the settings and rows of a file, that of a run or of `to_json`; it adds nothing to the file.

        FileError if the file is not that of a recorder. A last line that is not complete is left out.
        """
        settings, rows, _ = read_record(path)
        recorder = cls.__new__(cls)
        recorder._settings, recorder._read = settings, None
        recorder._begin(rows)
        return recorder

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write the settings and all rows, exactly, as lines of JSON; FileError if that fails."""
        write_record(path, self._settings, self._rows)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a row for each epoch as CSV, with the columns of `to_frame`; FileError if that fails.

        Numbers are exact, critical levels "p/q" with spaces in between, and what is missing is empty.
        """
        columns = as_text(columns_of(self._rows))
        with replacing(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))

    def to_frame(self) -> Any:
        """A pandas DataFrame with a row for each epoch; MissingDependencyError if pandas is not installed.

        The columns are epoch; betti_0, betti_1, … or class_0_betti_0, …; regions; critical_levels, tuples of Fractions;
        changed; not_computed, the reasons as text; seconds, in all; and the metrics. What is missing is NA.
        """
        try:
            import pandas
        except ImportError:
            raise MissingDependencyError("a data frame needs pandas: pip install 'polyrelu[data]'", "data") from None
        columns = columns_of(self._rows)
        metrics = {name for row in self._rows for name in row.metrics}
        series = {}
        for name, column in columns.items():
            whole = name not in metrics and name not in ("critical_levels", "not_computed", "seconds")
            kind = None if not whole else "boolean" if name == "changed" else "Int64"
            series[name] = pandas.Series(column, dtype=kind or (object if name == "critical_levels" else None))
        return pandas.DataFrame(series)

    def plot(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        quantity: str | Sequence[str] | None = None,
        ax: Any = None,
        label: str | None = None,
        color: str | None = None,
        title: str | None = None,
    ) -> Any:
        """Draw what was recorded over the epochs: Betti numbers as steps, critical levels as points.

        Parameters
        ----------
        path : str or path-like, optional
            A .png, .svg or .pdf file to which the figure is written as well.
        quantity : str or sequence of str, optional
            What is drawn, one above another: quantities, and names of metrics. The default is all recorded quantities,
            and "betti" in given axes.
        ax : matplotlib.axes.Axes or sequence of them, optional
            Where to draw, axes for each quantity. The default is a new figure. With ``ax=figure.axes`` a second run is
            drawn over a first one.
        label : str, optional
            The name of this run, for figures with several: then a run has one colour, and a degree one style of lines.
        color : str, optional
            The one colour of this run, "#rrggbb" or a name that matplotlib knows.
        title : str, optional
            A title in place of the default one.

        Returns
        -------
        matplotlib.figure.Figure
            The figure.

        Raises
        ------
        InputError
            If an argument is wrong or there is nothing to draw.
        FileError
            If the path has another suffix or the file cannot be written.
        MissingDependencyError
            If matplotlib is not installed.

        Notes
        -----
        A step goes from an epoch to the next one that was recorded. Where a quantity was not computed there is a gap
        in its steps on grey.
        """
        return draw(
            self._rows, self._settings, path, quantity=quantity, ax=ax, label=label, color=color, title=title
        )


def _short(value: Any, show: Callable[[Any], str] | None) -> Any:
    return "not computed" if value is None else value if show is None else show(value)
