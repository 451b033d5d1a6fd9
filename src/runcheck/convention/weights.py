"""What arrays of weights and gradients are called, and what only sounds like it."""

import re

# One word each, as names are cut at what is no letter, at capitals, and before digits.
_WEIGHTS = frozenset(
    (
        "weight weights kernel kernels bias biases grad grads gradient gradients param params parameter parameters "
        "coef coefs coefficient coefficients intercept intercepts theta checkpoint ckpt w"
    ).split()
)
_WEIGHTS_OF_TWO = ("state dict", "exp avg", "opt state", "adam mu", "adam nu", "in proj", "out proj")
_PARTS = frozenset("embedding embeddings embed conv dense linear layer layers mu nu momentum trace model network".split())
# Beside the words above these mean something else: a norm of gradients, the weights of classes, the size of a kernel.
_ABOUT = frozenset(
    (
        "norm norms stat stats statistics hist histogram bins decay clip class classes sample samples loss losses size "
        "sizes shape shapes attention attn density pca roc curve curves similarity cosine importance importances variance "
        "std mean means min max schedule count counts sweep search trials hyper hparams hyperparameters hyperparameter ratio initializer "
        "init sharing scores score portfolio svm gram matrix names learning"
    ).split()
)
# Names of other tables of numbers with both signs.
_OTHERS = frozenset(
    (
        "logit logits prob probs proba probability probabilities pred preds prediction predictions output outputs "
        "activation activations feature features latent latents tsne umap pca coord coords coordinates position positions "
        "residual residuals error errors roc curve curves hist histogram corr correlation correlations covariance gram shap "
        "importance attribution attributions saliency attention similarity score scores samples inputs targets trajectory "
        "noise bdata png jpeg font points path data vectors sprite losses metrics differences diffs signal waveform audio"
    ).split()
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_INDEX = re.compile(r"[0-9]+")


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case: ``Dense_0/kernelGrad`` is dense, kernel, grad."""
    return [word.lower() for word in _WORD.findall(name)]


def stem_of(name: str) -> str:
    """Return a name without its numbers: ``w_0_3`` and ``w_1_0`` have one stem."""
    return _INDEX.sub("#", name)


def names_weights(name: str) -> bool:
    """Say whether a file, key or column of this name holds weights or gradients, as its name says."""
    words = words_of(name)
    two = " ".join(words)
    return not _ABOUT.intersection(words) and (
        bool(_WEIGHTS.intersection(words)) or any(each in two for each in _WEIGHTS_OF_TWO)
    )


def names_part(name: str) -> bool:
    """Say whether a name is that of a part of a network, or of an optimiser's state."""
    words = words_of(name)
    return bool(_PARTS.intersection(words)) and not _ABOUT.intersection(words)


def names_other(name: str) -> bool:
    """Say whether a name is that of numbers which are no weights: predictions, coordinates, a curve."""
    return bool((_OTHERS | _ABOUT).intersection(words_of(name)))
