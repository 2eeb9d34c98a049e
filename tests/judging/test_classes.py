"""What a classifier says, by hand."""

from __future__ import annotations

import pytest

from labhelpers import judging


def test_histogram_agreement_and_purity_by_hand():
    probabilities = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.5, 0.4, 0.1]]
    assert judging.class_histogram(probabilities).tolist() == [3, 1, 0]
    assert judging.label_agreement(probabilities, [0, 1, 1, 2]) == 0.5
    # code 5 holds labels 1, 1, 2 and code 9 holds 2: 2 + 1 of 4
    assert judging.cluster_purity([5, 5, 5, 9], [1, 1, 2, 2]) == 0.75
    assert judging.cluster_purity([0, 0, 0, 0], [1, 1, 1, 2]) == 0.75


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: judging.class_histogram([[2.0, -1.0]]), "apply a softmax"),
        (lambda: judging.class_histogram([[0.7, 0.7]]), "sum to 1.4"),
        (lambda: judging.label_agreement([[0.5, 0.5]], [2]), "labels go up to 2 .* 2 classes"),
        (lambda: judging.label_agreement([[0.5, 0.5]], [0, 1]), r"shape \(2,\) .* expected 1 whole"),
        (lambda: judging.label_agreement([[0.5, 0.5]], [[0, 1]]), "argmax of one-hot"),
        (lambda: judging.cluster_purity([0.5], [1]), "codes has .* float64"),
        (lambda: judging.cluster_purity([-1], [1]), "codes holds -1"),
        (lambda: judging.cluster_purity([], []), "at least one"),
    ],
)
def test_faults_are_one_sentence_that_says_what_was_found(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert str(caught.value).endswith(".")
    assert "expected" in str(caught.value) or "needs" in str(caught.value)
