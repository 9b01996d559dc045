"""Fitting a table of token vectors so that their weighted mean points where a teacher's vector of the text points.

The model of a text is ``a P M + a R + b``: ``a`` are the shares of its tokens, weighted down where most texts have them
(Arora, Liang and Ma, ICLR 2017), ``P`` the teacher's vectors of single tokens, ``M`` a map near a multiple of the
identity, ``R`` what a token means in this corpus besides, ``b`` what all texts have in common. ``M``, ``R`` and ``b``
are one ridge regression on the teacher's vectors of sampled texts. Shares sum to 1, so everything folds into one table
of which the mean is taken. The teacher's vectors of single tokens are kept once a machine.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..contracts import TokenIds
from ..system.cache_folder import cache_folder
from .machine_cache import find, publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from ..config import FitConfig
    from ..contracts import TokenEncoder, Vectors

    Matrix = NDArray[np.float32]
    _Rows = Callable[[int, int], Matrix]

STRIPES = 4
"""The rows are summed in so many pieces, whatever the machine: sums of floats depend on their order."""
BLOCK_ROWS = 4_096


class _Unknowns(NamedTuple):
    """What is solved for, or the right-hand side of it; each part is scaled by the root of its prior variance."""

    shift: Matrix
    """``(1, dim)``"""
    linear: Matrix
    """``(prior dim, dim)``"""
    tokens: Matrix
    """``(tokens seen, dim)``"""

    def plus(self, other: _Unknowns, factor: Matrix) -> _Unknowns:
        """Return ``self + factor * other``, where each column has its own factor ``(dim,)``."""
        return _Unknowns(*(mine + factor * theirs for mine, theirs in zip(self, other, strict=True)))

    def scaled(self, config: FitConfig) -> _Unknowns:
        """Return each part times the root of its prior variance."""
        variances = (config.shift_variance, config.linear_variance, config.token_variance)
        return _Unknowns(*(np.float32(each**0.5) * part for each, part in zip(variances, self, strict=True)))

    def dot(self, other: _Unknowns) -> Matrix:
        """Return the inner product of each column, ``(dim,)``."""
        products = [np.einsum("ij,ij->j", mine, theirs) for mine, theirs in zip(self, other, strict=True)]
        total: Matrix = np.sum(products, axis=0, dtype=np.float32)
        return total


@dataclass(frozen=True)
class _Problem:
    """The normal equations, and what makes them quick to solve."""

    shares: csr_matrix
    """``(texts, tokens seen)``, rows sum to 1."""
    prior: Matrix
    """``(tokens seen, prior dim)``, of mean zero over the texts."""
    config: FitConfig
    pool: ThreadPoolExecutor

    def gathered(self, values: _Rows) -> Matrix:
        """Return ``shares.T @ values`` where ``values(start, end)`` makes the rows from ``start`` to ``end``."""
        edges = [self.shares.shape[0] * at // STRIPES for at in range(STRIPES + 1)]

        def stripe(at: int) -> Matrix:
            total: Matrix = np.zeros((self.shares.shape[1], self.prior.shape[1]), dtype=np.float32)
            for start in range(edges[at], edges[at + 1], BLOCK_ROWS):
                end = min(start + BLOCK_ROWS, edges[at + 1])
                total += self.shares[start:end].T @ values(start, end)
            return total

        stripes: Matrix = np.sum(list(self.pool.map(stripe, range(STRIPES))), axis=0, dtype=np.float32)
        return stripes

    def transposed(self, values: _Rows) -> _Unknowns:
        """Return the design matrix, transposed, times ``values``."""
        gathered = self.gathered(values)
        whole = gathered.sum(axis=0, keepdims=True)
        return _Unknowns(whole, self.prior.T @ gathered, gathered).scaled(self.config)

    def table(self, unknowns: _Unknowns) -> Matrix:
        """Return one vector a token, of which a text's prediction is the mean by ``shares``."""
        shift, linear, tokens = unknowns._replace(linear=self.prior @ unknowns.linear).scaled(self.config)
        return np.asarray(shift + linear + tokens, dtype=np.float32)

    def normal(self, unknowns: _Unknowns) -> _Unknowns:
        """Return the matrix of the normal equations times ``unknowns``."""
        table = self.table(unknowns)
        product = self.transposed(lambda start, end: self.shares[start:end] @ table)
        ridge = np.float32(self.config.noise)
        return _Unknowns(*(each + ridge * own for each, own in zip(product, unknowns, strict=True)))


def fit(tokens: TokenIds, targets: Vectors, prior: Vectors, config: FitConfig) -> Matrix:
    """Return a float32 table ``(vocabulary, dim)``; the mean over a text's tokens, normalized, is its vector.

    Args:
        tokens: of ``n`` texts, each with at least one token.
        targets: the teacher's unit-norm vectors of the texts, float32 ``(n, dim)``.
        prior: the teacher's vectors of single tokens, float32 ``(vocabulary, dim)``.
        config: weights and variances; the same ones give the same bytes on the same machine.
    """
    seen, columns = np.unique(tokens.ids, return_inverse=True)
    weights = token_weights(tokens, len(prior), config.common)
    shares = _shares(tokens.offsets, columns, weights[seen])
    middle = (np.asarray(shares.mean(axis=0)).ravel() @ prior[seen]).astype(np.float32)
    centred = np.asarray(prior - middle, dtype=np.float32)
    mean = targets.mean(axis=0, dtype=np.float64).astype(np.float32)
    with ThreadPoolExecutor(STRIPES, "fit") as pool:
        problem = _Problem(shares, centred[seen], config, pool)
        pooled = np.asarray(shares @ centred[seen], dtype=np.float32)
        scale = np.float32(np.vdot(pooled, targets - mean) / max(float(np.vdot(pooled, pooled)), 1e-12))
        solved = _solve(problem, targets - mean - scale * pooled, pooled).scaled(config)
    table: Matrix = scale * centred + centred @ solved.linear + mean
    table += solved.shift
    table[seen] += solved.tokens
    return np.asarray(weights[:, None] * table, dtype=np.float32)


def token_weights(tokens: TokenIds, vocabulary: int, common: float) -> Matrix:
    """Return ``common / (common + share of texts that have the token)`` for each token, float32 ``(vocabulary,)``."""
    texts = len(tokens.offsets) - 1
    owners = np.repeat(np.arange(texts, dtype=np.int64), np.diff(tokens.offsets))
    pairs = np.unique(owners * vocabulary + tokens.ids) % vocabulary
    found = np.bincount(pairs, minlength=vocabulary) / max(texts, 1)
    return (common / (common + found)).astype(np.float32)


def _shares(offsets: NDArray[np.int64], columns: NDArray[np.int64], weights: Matrix) -> csr_matrix:
    from scipy.sparse import csr_matrix

    values = weights[columns]
    sums = np.add.reduceat(values, offsets[:-1])
    values = values / np.repeat(sums, np.diff(offsets))
    shares = csr_matrix((values.astype(np.float32), columns, offsets), shape=(len(offsets) - 1, len(weights)))
    shares.sum_duplicates()
    return shares


def _solve(problem: _Problem, residual: Matrix, pooled: Matrix) -> _Unknowns:
    """Solve by conjugate gradients, one system a column, preconditioned by the blocks of the three unknowns."""
    config = problem.config
    squares = np.asarray(problem.shares.multiply(problem.shares).sum(axis=0), dtype=np.float32).reshape(-1, 1)
    of_tokens = 1.0 / (config.token_variance * squares + config.noise)
    of_shift = 1.0 / (config.shift_variance * len(residual) + config.noise)
    gram = config.linear_variance * (pooled.T @ pooled).astype(np.float64)
    gram[np.diag_indices_from(gram)] += config.noise
    of_linear = np.linalg.inv(gram).astype(np.float32)

    def preconditioned(left: _Unknowns) -> _Unknowns:
        return _Unknowns(
            (of_shift * left.shift).astype(np.float32),
            of_linear @ left.linear,
            (of_tokens * left.tokens).astype(np.float32),
        )

    left = problem.transposed(lambda start, end: residual[start:end])
    solution = _Unknowns(*(np.zeros_like(part) for part in left))
    direction = preconditioned(left)
    energy = left.dot(direction)
    first = energy
    for _ in range(config.iterations):
        product = problem.normal(direction)
        step = _ratio(energy, direction.dot(product))
        solution = solution.plus(direction, step)
        left = left.plus(product, -step)
        towards = preconditioned(left)
        after = left.dot(towards)
        if float(after.max()) <= config.tolerance * float(first.max()):
            break
        direction = towards.plus(direction, _ratio(after, energy))
        energy = after
    return solution


def _ratio(above: Matrix, below: Matrix) -> Matrix:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


FILE = "vectors.npy"
BLOCK_TOKENS = 2_048


def is_known(fingerprint: str) -> bool:
    """Return whether :func:`token_vectors` of this model need no model any more on this machine."""
    return find(_folder(fingerprint)) is not None


def token_vectors(fingerprint: str, vocabulary: int, load: Callable[[], TokenEncoder]) -> Vectors:
    """Return the model's vector of each token by itself, float32 ``(vocabulary, dim)``, unit norm.

    ``load`` is called only where this machine's cache lacks them.
    """
    if is_known(fingerprint):
        vectors: Vectors = np.load(_folder(fingerprint) / FILE, mmap_mode="r")
        return vectors
    encoder = load()
    made = np.empty((vocabulary, encoder.dim), dtype=np.float32)
    for start in range(0, vocabulary, BLOCK_TOKENS):
        ids = np.arange(start, min(start + BLOCK_TOKENS, vocabulary), dtype=np.int32)
        made[ids] = encoder.encode_tokens(TokenIds(ids, np.arange(len(ids) + 1, dtype=np.int64)))

    def fill(folder: Path) -> dict[str, int]:
        np.save(folder / FILE, made)
        return {"vocabulary": vocabulary}

    with suppress(OSError):  # a cache that cannot be written: made again next time
        publish(_folder(fingerprint), fill)
    return made


def _folder(fingerprint: str) -> Path:
    return cache_folder() / "token-vectors" / fingerprint
