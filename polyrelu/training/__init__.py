"""Recording the topology of a network while it is trained: exact numbers epoch by epoch, within a limit of time.

A recorder reads the model as it is, computes what it is asked for, and keeps an immutable row for each epoch, in memory
and in a file. Models are read in `polyrelu.readers`, and the numbers computed in `polyrelu.analysis`.
"""

from polyrelu.training.recorder import TrainingRecorder
from polyrelu.training.rows import TrainingRow
from polyrelu.training.settings import QUANTITIES

__all__ = ["QUANTITIES", "TrainingRecorder", "TrainingRow"]
