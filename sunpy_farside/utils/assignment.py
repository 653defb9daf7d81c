"""
One-to-one assignment.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

__all__ = ["assign"]


def assign(cost, allowed):
    """
    Assign rows to columns one to one, with the most pairs and then the smallest total cost.

    Parameters
    ----------
    cost : array, shape (rows, columns)
        Not negative.
    allowed : array of `bool`, shape (rows, columns)
        Which pairs may be made.

    Returns
    -------
    rows, columns : arrays of `int`
        The pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.utils.assignment import assign
    >>> cost = np.array([[1.0, 2.0], [2.0, 9.0]])
    >>> assign(cost, cost < 5)
    (array([0, 1]), array([1, 0]))
    """
    # One pair that is not allowed costs more than all that are.
    costs = np.where(allowed, cost, np.sum(cost, where=allowed) + 1)
    rows, columns = linear_sum_assignment(costs)
    kept = allowed[rows, columns]
    return rows[kept], columns[kept]
