"""Names of operations by the rule that explains them."""

# The lists below decide by which rule a call is explained, and so what an attribution says. Names are PyTorch's of
# functions, tensor methods and operators (docs.pytorch.org/docs/stable: torch, torch.Tensor, torch.nn.functional),
# without underscores. tests/interpret/test_operation_lists.py holds every name against its definition.
#
# Affine in all that depends on the input at once, so that multipliers are the gradient (linear rule: Shrikumar et al.
# 2017, arXiv:1704.02685). The first lines hold what reads or moves values without changing them. batch_norm and
# dropouts are affine as they stand in evaluation mode, the only one in which networks are explained.
LINEAR = frozenset(
    """
    get set setitem dim size numel stride storage_offset is_contiguous is_floating_point element_size type to float
    double half cpu cuda contiguous clone detach item tolist numpy len bool repr format requires_grad copy
    add radd iadd sub subtract rsub isub neg negative positive sum mean cumsum diff trace
    cat concat concatenate stack hstack vstack dstack column_stack reshape reshape_as view view_as flatten unflatten
    ravel transpose swapaxes swapdims permute movedim moveaxis t adjoint squeeze unsqueeze expand expand_as
    broadcast_to broadcast_tensors repeat repeat_interleave tile chunk split tensor_split unbind narrow select getitem
    gather index_select take_along_dim flip fliplr flipud roll rot90 pad unfold fold diagonal tril triu masked_fill
    as_strided zeros_like ones_like empty_like full_like new_zeros new_ones new_empty new_full new_tensor
    dropout dropout1d dropout2d alpha_dropout feature_alpha_dropout batch_norm
    avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d interpolate upsample pixel_shuffle
    """.split()  # noqa: SIM905
)
# Products are linear where one factor depends on the input. Where both do, the midpoint rule holds: the change of each
# counts at the mean of the other, as in tangermeme's BilinearOp.
PRODUCTS = ("mul", "multiply", "rmul", "imul", "matmul", "rmatmul", "bmm", "mm", "einsum")
MATRIX_PRODUCTS = ("matmul", "rmatmul", "bmm", "mm")
IN_PLACE_OPERATORS = frozenset(f"__i{name}__" for name in ("add", "sub", "mul", "div", "truediv", "matmul", "pow"))
# Linear where the first argument alone depends on the input: weights and divisors that do are another matter.
LINEAR_IN_FIRST = (
    *("linear", "bilinear", "conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d"),
    *("div", "divide", "true_divide", "truediv", "idiv"),
)
# Each value of the result depends on one value of the argument: rescale rule (Shrikumar et al. 2017), the change of the
# output over the change of the input. All else that depends on one thing is integrated along a path.
ELEMENTWISE = frozenset(
    """
    relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish softplus sigmoid logsigmoid tanh hardtanh hardswish
    hardsigmoid softsign softshrink hardshrink tanhshrink threshold exp exp2 expm1 log log2 log10 log1p sqrt rsqrt
    square pow rpow reciprocal rdiv rtruediv abs absolute clamp clamp_min clamp_max clip sin cos tan atan arctan sinh
    cosh erf erfc logit log_sigmoid special_expit nan_to_num
    """.split()  # noqa: SIM905
)
# What comes from the sequence without a gradient, and chooses or weighs values when it meets them: `z * (z > 0)`.
CHOICES = frozenset(
    """
    gt lt ge le eq ne greater less greater_equal less_equal isclose heaviside logical_and logical_or logical_not
    logical_xor argmax argmin detach floor ceil round
    """.split()  # noqa: SIM905
)
CHOOSING = frozenset(
    {"mul", "multiply", "rmul", "imul", "where", "masked_fill", "div", "divide", "true_divide", "truediv"}
)
