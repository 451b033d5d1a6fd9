"""What arrays of weights and gradients are called, and what only sounds like it."""

from runcheck.convention.patterns import late


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Names are cut into words at what is no letter, and at capitals.
_WEIGHTS = _words("weight weights kernel kernels grad grads gradient gradients")
_WEIGHTS_OF_TWO = ("state dict", "exp avg", "opt state", "adam mu", "adam nu", "in proj", "out proj")
# These name other things as often: hyperparameters, a wind, the bias of an instrument.
_MAYBE = _words("""
    bias biases checkpoint ckpt coef coefficient coefficients coefs intercept intercepts param parameter parameters
    params theta
""")
# Beside the words above these mean something else: a norm of gradients, weights of classes, the size of a kernel.
_ABOUT = _words("""
    activation activations advantage advantages attention attn attribution attributions bins body boosting bse cam
    clip class classes confidence constraint constraints coordinates coords cosine count counts cov covariance
    covariances curve curves decay density descent gram hist histogram hparams hyper hyperparameter hyperparameters
    importance importances init initializer input inputs integrated interval learning logit logits loss losses
    matrix max mean means min names norm norms pca policy portfolio pred prediction predictions preds proba
    probabilities probs pvalues ratio resid residual residuals return returns reward rewards roc saliency sample
    samples schedule score scores se search shape shapes sharing similarity size sizes stat statistics stats std svm
    sweep table tables temperature trajectory trials tsne tvalues umap variance
""")
# Names of other tables of numbers with both signs.
_OTHERS = _ABOUT | _words("""
    audio bdata coord corr correlation correlations differences diffs error errors feature features font jpeg
    latent latents metrics noise output outputs path png points position positions prob probability shap signal sprite
    targets vectors waveform
""")
_WORD = late(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LETTER = late(r"d?[wW]_?[0-9#]*")
_ELEMENT = late(r"d?[wW]_?[0-9#]+_[0-9#]+")
_INDEX = late(r"[0-9]+")


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case: ``Dense_0/kernelGrad`` is dense, kernel, grad."""
    return [word.lower() for word in _WORD.findall(name)]


def stem_of(name: str) -> str:
    """Return a name without its numbers: ``w_0_3`` and ``w_1_0`` have one stem."""
    return _INDEX.sub("#", name)


def names_weights(name: str) -> bool:
    """Say whether a file, key or column of this name holds weights or gradients, as its name says."""
    words = words_of(name)
    if _ABOUT.intersection(words):
        return False
    two = " ".join(words)
    return (
        bool(_WEIGHTS.intersection(words))
        or any(each in two for each in _WEIGHTS_OF_TWO)
        or _ELEMENT.fullmatch(name.rpartition("/")[2]) is not None
    )


def may_name_weights(name: str) -> bool:
    """Say whether a name is one that weights often bear, and other things as well."""
    words = words_of(name)
    is_letter = _LETTER.fullmatch(name.rpartition("/")[2]) is not None
    return (is_letter or bool(_MAYBE.intersection(words))) and not _ABOUT.intersection(words)


def names_other(name: str) -> bool:
    """Say whether a name is that of numbers which are no weights: predictions, coordinates, a curve."""
    return bool(_OTHERS.intersection(words_of(name)))
