package gateway

import (
	"errors"

	"ladder/http1"
)

// refusal is why a request is answered by Ladder instead of the application, or why its answer broke off. The zero value means
// that nothing went wrong.
type refusal struct {
	code   Code
	detail string // the rule that was broken, as http1 names it; for log and error page
}

func (r refusal) failed() bool { return r.code != CodeOK }

// refuse makes a refusal without detail.
func refuse(code Code) refusal { return refusal{code: code} }

// refuseRequest turns what the codec says of a request into a refusal.
func refuseRequest(err error) refusal {
	var fault *http1.Error
	if !errors.As(err, &fault) {
		return refusal{CodeBadRequest, "unreadable"}
	}
	return refusal{requestCode(fault.Status), fault.Code}
}

func requestCode(status int) Code {
	switch status {
	case 413:
		return CodeBodyTooLarge
	case 414:
		return CodeTargetTooLong
	case 417:
		return CodeExpectationFailed
	case 431:
		return CodeHeadTooLarge
	case 501:
		return CodeNotImplemented
	case 505:
		return CodeVersionRefused
	default:
		return CodeBadRequest
	}
}

// refuseResponse turns what the codec says of a response into a refusal.
func refuseResponse(err error) refusal {
	var fault *http1.Error
	if errors.As(err, &fault) {
		return refusal{CodeResponseMalformed, fault.Code}
	}
	return refusal{CodeResponseMalformed, "unreadable"}
}
