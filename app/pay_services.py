"""The payment services of a deployment, for its server and its worker."""

from functools import cache

from app import wechat
from app.pay_notices import PATH as NOTICES
from app.settings import Settings
from domain.checkouts import PayService
from resolvers.pay_services import Service, provide


def provide_services(settings: Settings) -> bool:
    """Make WeChat Pay known, or its double in development; whether there is one. Keys are read when it is first used.

    A file that cannot be used stops a deployment at its start: ``SettingsError``.
    """
    if settings.wechat_pay is None and not settings.development:
        provide(PayService.WECHAT, None)
        return False
    made = cache(lambda: _wechat_pay(settings))
    if settings.wechat_pay is not None:
        made()
    provide(PayService.WECHAT, made)
    return True


def _wechat_pay(settings: Settings) -> Service:
    from app.wechat_pay import WeChatPay
    from app.wechat_pay_double import PATH, DoubleKeys
    from app.wechat_pay_keys import read_means

    programs = wechat.programs(settings)
    if programs is None:
        raise RuntimeError("who pays through WeChat is known by its sign-in: ANJU_WECHAT_APPS is not set")
    if settings.wechat_pay is not None:
        means = read_means(settings.wechat_pay)
    else:
        means = DoubleKeys.kept(settings.data).means(f"http://127.0.0.1:{settings.port}{PATH}")
    return WeChatPay(means, programs, f"{settings.url}{NOTICES}/wechat")
